// Catch2 3 under the name of Catch2 2's header, which the tests and older RapidCheck packages include.
#pragma once
#include <catch2/catch_all.hpp>
