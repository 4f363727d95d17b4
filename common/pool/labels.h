#pragma once

#include <string_view>

namespace berth::pool {

/// Carried by claims and rules that were made for an exposure, with its uid: the exposure's loop
/// finds them by it, also where a watch lags.
inline constexpr std::string_view kExposureUidLabel = "berth.dev/exposure-uid";

}  // namespace berth::pool
