#include "port-service/adapters/kube_claim_store.h"

#include <fmt/format.h>

#include <utility>

#include "common/kube/object.h"
#include "common/pool/claim_uid.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/adapters/claim_json.h"

namespace berth::port {
namespace {

constexpr int kMaxTries = 5;

absl::Status Changed(const Claim& claim) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT,
               fmt::format("claim '{}' has changed", claim.name.ToString()));
}

}  // namespace

KubeClaimStore::KubeClaimStore(kube::Client& client, std::string ns)
    : client_(client), ns_(std::move(ns)) {}

absl::StatusOr<Claim> KubeClaimStore::Create(const Claim& claim) {
  ASSIGN_OR_RETURN(const kube::Json created,
                   client_.Create(kube::kPortClaims, NewClaimObject(claim, ns_)));
  return ParseClaim(created);
}

absl::StatusOr<Claim> KubeClaimStore::Get(const pool::ClaimName& name) {
  const absl::StatusOr<kube::Json> object = client_.Get(kube::kPortClaims, {ns_, name.ToString()});
  if (kube::IsNotFound(object.status())) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND,
                 fmt::format("no claim '{}'", name.ToString()))
        .WithMetadata("claim", name.ToString());
  }
  RETURN_IF_ERROR(object.status());
  return ParseClaim(*object);
}

absl::StatusOr<Claim> KubeClaimStore::Replace(const Claim& claim) {
  if (claim.uid != pool::ClaimUid(pool::ObjectUid(claim.uid), claim.incarnation)) {
    return ReplaceReturned(claim);
  }
  ASSIGN_OR_RETURN(
      const kube::Json stored,
      client_.Patch(kube::kPortClaims, {ns_, claim.name.ToString()}, ClaimPatch(claim)));
  return ParseClaim(stored);
}

/// Reads the object first: of its labels only those that Berth does not know by name are to go.
absl::StatusOr<Claim> KubeClaimStore::ReplaceReturned(const Claim& claim) {
  ASSIGN_OR_RETURN(kube::Json object, client_.Get(kube::kPortClaims, {ns_, claim.name.ToString()}));
  if (kube::Uid(object) != pool::ObjectUid(claim.uid) ||
      kube::ResourceVersion(object) != claim.resource_version) {
    return Changed(claim);
  }
  SetReturned(object, claim);
  ASSIGN_OR_RETURN(const kube::Json stored, client_.Update(kube::kPortClaims, object));
  return ParseClaim(stored);
}

absl::Status KubeClaimStore::Delete(const Claim& claim) {
  if (!claim.deleting) {
    const absl::Status status = client_.Delete(
        kube::kPortClaims, {ns_, claim.name.ToString()},
        {.uid = pool::ObjectUid(claim.uid), .resource_version = claim.resource_version});
    // A repeated delete meets its own success as a conflict; RemoveFinalizer tells the two apart.
    if (!status.ok() && !kube::MayHaveBeenApplied(status)) {
      return status;
    }
  }
  return RemoveFinalizer(claim);
}

absl::Status KubeClaimStore::RemoveFinalizer(const Claim& claim) {
  for (int i = 0; i < kMaxTries; ++i) {
    absl::StatusOr<kube::Json> object =
        client_.Get(kube::kPortClaims, {ns_, claim.name.ToString()});
    if (kube::IsNotFound(object.status())) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(object.status());
    if (kube::Uid(*object) != pool::ObjectUid(claim.uid)) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const Claim current, ParseClaim(*object));
    if (!current.deleting || current.uid != claim.uid || current.state != claim.state) {
      return Changed(claim);
    }
    if (!kube::RemoveFinalizer(*object, kClaimFinalizer)) {
      return absl::OkStatus();
    }
    const absl::Status status = client_.Update(kube::kPortClaims, *object).status();
    if (!kube::IsConflict(status)) {
      return kube::IsNotFound(status) ? absl::OkStatus() : status;
    }
  }
  return Changed(claim);
}

}  // namespace berth::port
