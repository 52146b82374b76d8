// The unit for x86-64-v3, where the compiler knows it (see CMakeLists.txt beside this folder).
#include "work.hpp"

constinit target_test::unit const target_test::for_v3{level_here, &work};
