#pragma once

#include <string>
#include <string_view>

namespace berth::harness {

/// The path of one of the programs in $BERTH_BIN, which `./dev test` sets. Fails the test if it is
/// not there; the path may then not be started.
std::string ProgramPath(std::string_view name);

}  // namespace berth::harness
