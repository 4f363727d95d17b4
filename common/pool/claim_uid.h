#pragma once

#include <cstdint>
#include <string>

#include "common/kube/json.h"

namespace berth::pool {

/// Unique id of a claim, as callers and rules know it. A PortClaim object that is handed out again
/// to its owner out of quarantine is another claim from then on, so that nothing which was meant
/// for the former one can reach it: the id is the object's uid, followed by "." and `incarnation`
/// unless that is 0.
std::string ClaimUid(const std::string& object_uid, std::int64_t incarnation);
/// The id of a PortClaim object as it stands.
std::string ClaimUid(const kube::Json& object);

/// The uid of the object that stands for the claim.
std::string ObjectUid(const std::string& claim_uid);

}  // namespace berth::pool
