#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "port-service/domain/claim.h"

namespace berth::port {

/// Finalizer of every claim from its creation on: the object, and so its name, stays until its port
/// is free.
inline constexpr char kClaimFinalizer[] = "berth.dev/claim";

/// Reads a PortClaim object. INTERNAL for one that Berth cannot have written.
absl::StatusOr<Claim> ParseClaim(const kube::Json& object);

/// A new PortClaim in Berth's namespace `ns`.
kube::Json NewClaimObject(const Claim& claim, const std::string& ns);

/// Merge patch that brings the stored object to `claim`, and fails if the object is not what
/// `claim` was read from. It names only what a transition can change: fields this version does not
/// know survive.
kube::Json ClaimPatch(const Claim& claim);

/// Brings the stored object of a port in quarantine to `claim`, which comes out of it (Returned):
/// with what was asked for this time in place of what was asked for before.
void SetReturned(kube::Json& object, const Claim& claim);

}  // namespace berth::port
