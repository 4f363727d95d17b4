#include "port-service/adapters/kube_pool_store.h"

#include <fmt/format.h>

#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/adapters/pool_json.h"
#include "port-service/domain/claim.h"

namespace berth::port {
namespace {

using kube::Json;

/// The status of a pool changes at any time, and with it the resource version.
constexpr int kMaxTries = 10;

kube::Effect EffectOf(WriteMode mode) {
  switch (mode) {
    case WriteMode::kStore:
      return kube::Effect::kApply;
    case WriteMode::kCheck:
      return kube::Effect::kDryRun;
  }
  return kube::Effect::kDryRun;
}

absl::Status Exists(const pool::PoolName& name) {
  return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_POOL_EXISTS,
               fmt::format("pool '{}' exists with another spec: update it", name.value()))
      .WithMetadata("pool", name.value());
}

absl::Status CheckEtag(const Json& object, const std::string& etag) {
  if (Etag(kube::Uid(object), kube::Generation(object)) == etag) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_POOL_CHANGED,
               fmt::format("pool '{}' is not what the etag was read from: read it again",
                           kube::Name(object)))
      .WithMetadata("pool", kube::Name(object));
}

absl::Status BeingDeleted(const pool::PoolName& name) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
               fmt::format("pool '{}' is being deleted", name.value()))
      .WithMetadata("pool", name.value());
}

}  // namespace

KubePoolStore::KubePoolStore(kube::Client& client, std::string ns)
    : client_(client), ns_(std::move(ns)) {}

absl::StatusOr<pool::Pool> KubePoolStore::Create(const PoolSpec& spec, WriteMode mode) {
  const absl::StatusOr<Json> created =
      client_.Create(kube::kPortPools, NewPoolObject(spec, ns_), {.effect = EffectOf(mode)});
  if (created.ok()) {
    return pool::ParsePool(*created);
  }
  if (!kube::IsAlreadyExists(created.status())) {
    return created.status();
  }
  ASSIGN_OR_RETURN(Json object, Get(spec.name));
  if (kube::IsBeingDeleted(object)) {
    return BeingDeleted(spec.name);
  }
  if (SetPoolSpec(object, spec)) {
    return Exists(spec.name);
  }
  return pool::ParsePool(object);
}

absl::StatusOr<pool::Pool> KubePoolStore::Update(const PoolSpec& spec, const std::string& etag,
                                                 WriteMode mode) {
  absl::Status conflict;
  for (int i = 0; i < kMaxTries; ++i) {
    ASSIGN_OR_RETURN(Json object, Get(spec.name));
    if (kube::IsBeingDeleted(object)) {
      return BeingDeleted(spec.name);
    }
    if (kube::StringAt(object, {"spec", "driver"}) != pool::ToString(spec.driver)) {
      return InvalidField("pool.driver", "never changes: make another pool");
    }
    if (!SetPoolSpec(object, spec)) {
      return pool::ParsePool(object);  // also what a repeated call finds
    }
    RETURN_IF_ERROR(CheckEtag(object, etag));
    const absl::StatusOr<Json> updated =
        client_.Update(kube::kPortPools, object, {.effect = EffectOf(mode)});
    if (updated.ok()) {
      return pool::ParsePool(*updated);
    }
    if (!kube::IsConflict(updated.status())) {
      return updated.status();
    }
    conflict = updated.status();
  }
  return conflict;
}

absl::Status KubePoolStore::Delete(const pool::PoolName& name, const std::string& etag,
                                   WriteMode mode) {
  absl::Status conflict;
  for (int i = 0; i < kMaxTries; ++i) {
    ASSIGN_OR_RETURN(const Json object, Get(name));
    if (kube::IsBeingDeleted(object)) {
      return absl::OkStatus();
    }
    if (!etag.empty()) {
      RETURN_IF_ERROR(CheckEtag(object, etag));
    }
    // A claim that comes after this look keeps the pool's object until it is through.
    RETURN_IF_ERROR(CheckUnused(object));
    const absl::Status status = client_.Delete(
        kube::kPortPools, {ns_, name.value()},
        {.uid = kube::Uid(object), .resource_version = kube::ResourceVersion(object)},
        {.effect = EffectOf(mode)});
    if (kube::IsNotFound(status)) {
      return absl::OkStatus();  // it was there a moment ago
    }
    if (!kube::IsConflict(status)) {
      return status;
    }
    conflict = status;
  }
  return conflict;
}

absl::StatusOr<Json> KubePoolStore::Get(const pool::PoolName& name) {
  absl::StatusOr<Json> object = client_.Get(kube::kPortPools, {ns_, name.value()});
  if (kube::IsNotFound(object.status())) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND,
                 fmt::format("no pool '{}'", name.value()))
        .WithMetadata("pool", name.value());
  }
  return object;
}

absl::Status KubePoolStore::CheckUnused(const Json& pool) {
  ASSIGN_OR_RETURN(const kube::ObjectList claims, client_.List(kube::kPortClaims, ns_));
  int in_use = 0;
  for (const Json& claim : claims.items) {
    in_use += kube::StringAt(claim, {"spec", "poolRef", "uid"}) == kube::Uid(pool) &&
                      kube::StringAt(claim, {"spec", "state"}) != ToString(ClaimState::kQuarantined)
                  ? 1
                  : 0;
  }
  if (in_use == 0) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_IN_USE,
               fmt::format("{} ports of pool '{}' are claimed: release them first", in_use,
                           kube::Name(pool)))
      .WithMetadata("pool", kube::Name(pool))
      .WithMetadata("claims", std::to_string(in_use));
}

}  // namespace berth::port
