// The unit for x86-64-v4, where the compiler knows it (see CMakeLists.txt beside this folder).
#include "work.hpp"

constinit target_test::unit const target_test::for_v4{level_here, &work};
