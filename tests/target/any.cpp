// The unit without flags of its own.
#include "work.hpp"

constinit target_test::unit const target_test::for_any{level_here, &work};
