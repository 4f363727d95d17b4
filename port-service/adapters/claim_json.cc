#include "port-service/adapters/claim_json.h"

#include <fmt/format.h>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/claim_uid.h"
#include "common/pool/exposure_ref.h"
#include "common/pool/labels.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/domain/claim_key.h"

namespace berth::port {
namespace {

using kube::Json;
using kube::StringAt;

std::optional<kube::Time> TimeAt(const Json& object, std::string_view field) {
  const absl::StatusOr<kube::Time> time = kube::ParseTime(StringAt(object, {"spec", field}));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

bool TrueAt(const Json& object, std::string_view field) {
  const Json& value = kube::At(object, {"spec", field});
  return value.is_boolean() && value.get<bool>();
}

Json TimeOrNull(const std::optional<kube::Time>& time) {
  return time.has_value() ? Json(kube::FormatTime(*time)) : Json(nullptr);
}

/// The part of the spec that says what was asked for; what is unset is null.
Json RequestSpec(const Claim& claim) {
  return {
      {"requestId", claim.request_id.value()},
      {"entry", claim.entry.value()},
      {"ttlSeconds", claim.ttl.count()},
      {"exposureRef", claim.exposure.has_value() ? pool::ToJson(*claim.exposure) : Json(nullptr)}};
}

/// The part of the spec that transitions change; what is unset is null.
Json MutableSpec(const Claim& claim) {
  Json spec = {{"state", ToString(claim.state)},
               {"expireTime", TimeOrNull(claim.expire_time)},
               {"ruleRef", nullptr},
               {"everBound", claim.ever_bound},
               {"adopted", claim.adopted},
               {"quarantineBeginTime", TimeOrNull(claim.quarantine_begin)},
               {"quarantineEndTime", TimeOrNull(claim.quarantine_end)}};
  if (claim.incarnation != 0) {
    spec["incarnation"] = claim.incarnation;
  }
  if (claim.rule.has_value()) {
    spec["ruleRef"] = {{"name", *claim.rule}};
  }
  return spec;
}

void SetLabels(Json& object, const Labels& labels) {
  for (const auto& [key, value] : labels) {
    kube::SetLabel(object, key, value);
  }
}

absl::StatusOr<Claim> ParseSpec(const Json& object) {
  ASSIGN_OR_RETURN(pool::ClaimName name, pool::ClaimName::Parse(kube::Name(object)));
  ASSIGN_OR_RETURN(Owner owner, Owner::Parse(StringAt(object, {"spec", "owner"})));
  ASSIGN_OR_RETURN(RequestId request_id, RequestId::Parse(StringAt(object, {"spec", "requestId"})));
  ASSIGN_OR_RETURN(EntryName entry, EntryName::Parse(StringAt(object, {"spec", "entry"})));
  const std::optional<ClaimState> state = ParseClaimState(StringAt(object, {"spec", "state"}));
  if (!state.has_value()) {
    return absl::InternalError("unknown state");
  }
  Claim claim{
      .name = std::move(name),
      .pool_uid = StringAt(object, {"spec", "poolRef", "uid"}),
      .owner = std::move(owner),
      .request_id = std::move(request_id),
      .entry = std::move(entry),
      .ttl = std::chrono::seconds(kube::IntAt(object, {"spec", "ttlSeconds"}).value_or(0)),
      .exposure = pool::ParseExposureRef(object),
      .labels = WithoutOwnLabels(kube::Labels(object)),
      .state = *state,
      .expire_time = TimeAt(object, "expireTime"),
      .rule = std::nullopt,
      .ever_bound = TrueAt(object, "everBound"),
      .adopted = TrueAt(object, "adopted"),
      .quarantine_begin = TimeAt(object, "quarantineBeginTime"),
      .quarantine_end = TimeAt(object, "quarantineEndTime"),
      .incarnation = kube::IntAt(object, {"spec", "incarnation"}).value_or(0),
      .uid = pool::ClaimUid(object),
      .resource_version = kube::ResourceVersion(object),
      .deleting = kube::IsBeingDeleted(object),
      .deletion_time = kube::DeletionTimestamp(object),
  };
  if (std::string rule = StringAt(object, {"spec", "ruleRef", "name"}); !rule.empty()) {
    claim.rule = std::move(rule);
  }
  return claim;
}

}  // namespace

absl::StatusOr<Claim> ParseClaim(const Json& object) {
  absl::StatusOr<Claim> claim = ParseSpec(object);
  if (!claim.ok()) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 fmt::format("PortClaim {} cannot be read: {}", kube::NameOf(object).ToString(),
                             std::string(claim.status().message())));
  }
  return claim;
}

Json NewClaimObject(const Claim& claim, const std::string& ns) {
  Json object = kube::NewObject(kube::kPortClaims, {ns, claim.name.ToString()});
  kube::AddFinalizer(object, kClaimFinalizer);
  SetLabels(object, claim.labels);
  kube::SetLabel(object, kClaimKeyLabel, ClaimKey(claim));
  Json& spec = object["spec"];
  spec = {{"poolRef", {{"name", claim.name.pool().value()}, {"uid", claim.pool_uid}}},
          {"protocol", pool::ToString(claim.name.protocol())},
          {"port", claim.name.port().number()},
          {"owner", claim.owner.value()}};
  if (claim.exposure.has_value()) {
    kube::SetLabel(object, pool::kExposureUidLabel, claim.exposure->uid);
  }
  // What is null is left out.
  spec.merge_patch(RequestSpec(claim));
  spec.merge_patch(MutableSpec(claim));
  return object;
}

Json ClaimPatch(const Claim& claim) {
  return {{"metadata",
           {{"uid", pool::ObjectUid(claim.uid)}, {"resourceVersion", claim.resource_version}}},
          {"spec", MutableSpec(claim)}};
}

void SetReturned(Json& object, const Claim& claim) {
  Json patch = ClaimPatch(claim);
  patch["spec"].update(RequestSpec(claim));
  Json& labels = patch["metadata"]["labels"];
  labels = {{kClaimKeyLabel, ClaimKey(claim)},
            {pool::kExposureUidLabel,
             claim.exposure.has_value() ? Json(claim.exposure->uid) : Json(nullptr)}};
  for (const auto& [key, value] : WithoutOwnLabels(kube::Labels(object))) {
    labels[key] = nullptr;
  }
  object.merge_patch(patch);
  SetLabels(object, claim.labels);
}

}  // namespace berth::port
