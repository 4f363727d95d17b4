#pragma once

#include <cstdio>
#include <cstdlib>

namespace berth::fuzz {

/// Ends the process, as a fuzzer expects of a target, if what must hold for every input does not.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace berth::fuzz
