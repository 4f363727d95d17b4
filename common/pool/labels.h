#pragma once

#include <string_view>

namespace berth::pool {

/// Carried by claims and rules that were made for an exposure, with its uid: the exposure's loop
/// finds them by it, also where a watch lags.
inline constexpr std::string_view kExposureUidLabel = "berth.dev/exposure-uid";

/// Carried by the objects that a rule has to itself, such as a ListenerSet, with the uid of the
/// rule's claim.
inline constexpr std::string_view kClaimUidLabel = "berth.dev/claim-uid";

}  // namespace berth::pool
