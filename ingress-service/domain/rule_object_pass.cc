#include "ingress-service/domain/rule_object_pass.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "common/sync/parallel.h"

namespace berth::ingress {
namespace {

using kube::Json;
using RulePtr = std::shared_ptr<const Rule>;

// What time may cure; anything else is the answer to the rule.
bool PassesBy(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return reason != Reason::ERROR_REASON_NOT_PROGRAMMED &&
         (absl::IsUnavailable(status) || absl::IsAborted(status) ||
          absl::IsDeadlineExceeded(status) || absl::IsCancelled(status));
}

// What an error of the API server means for the rule.
absl::Status Refused(const RuleObject& object, const absl::Status& error) {
  const Reason reason = ReasonOf(error);
  if (reason == Reason::ERROR_REASON_NAMESPACE_NOT_FOUND) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                 fmt::format("namespace {} is gone or going", object.name.ns));
  }
  if (reason == Reason::ERROR_REASON_NOT_PROGRAMMED || reason == Reason::ERROR_REASON_PORT_TAKEN) {
    return error;
  }
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CONTROLLER_REFUSED,
               fmt::format("{} {} was refused: {}", object.resource.kind, object.name.ToString(),
                           std::string(error.message())));
}

}  // namespace

RuleObjectPass::RuleObjectPass(RuleObjects& objects, RuleObjectWriter& writer,
                               const std::string& ns, const ProgramRequest& request,
                               std::vector<RuleObjectKind> kinds, const RuleObjectPlan& plan)
    : objects_(objects),
      writer_(writer),
      ns_(ns),
      request_(request),
      kinds_(std::move(kinds)),
      plan_(plan) {
  for (const RulePtr& rule : request.rules.rules) {
    if (rule->name.pool().value() == request.pool) {
      seen_.emplace(rule->name, rule.get());
    }
  }
}

absl::StatusOr<ProgramResult> RuleObjectPass::Program() {
  const bool has_pool = FindPool(request_) != nullptr;
  if (has_pool) {
    RETURN_IF_ERROR(ReadCached());
  }
  ProgramResult result;
  std::vector<const Rule*> removing;
  for (const auto& [name, rule] : seen_) {
    if (rule->removing && rule->HasFinalizer()) {
      removing.push_back(rule);
    }
  }
  ASSIGN_OR_RETURN(result.removed, writer_.Remove(removing, kinds_));
  if (!has_pool) {
    return result;
  }
  std::vector<const Rule*> live;
  for (const auto& [name, rule] : seen_) {
    if (rule->IsLive()) {
      live.push_back(rule);
    }
  }
  std::vector<Kept> kept(live.size());
  InParallel(request_.parallel_calls, live.size(),
             [&](std::size_t i) { kept[i] = Keep(*live[i]); });
  for (std::size_t i = 0; i < live.size(); ++i) {
    RETURN_IF_ERROR(kept[i].progress.status());
    result.live.emplace(live[i]->name.ToString(), *std::move(kept[i].progress));
    wanted_.insert(kept[i].wanted.begin(), kept[i].wanted.end());
    if (kept[i].untouched) {
      untouched_.insert(live[i]->name);
    }
    std::move(kept[i].drift.begin(), kept[i].drift.end(), std::back_inserter(result.drift));
  }
  RETURN_IF_ERROR(Sweep());
  return result;
}

absl::StatusOr<std::vector<ObjectDrift>> RuleObjectPass::FindDrift() {
  if (FindPool(request_) == nullptr) {
    return std::vector<ObjectDrift>();
  }
  RETURN_IF_ERROR(ReadCached());
  std::vector<ObjectDrift> drift;
  for (const auto& [name, rule] : seen_) {
    const absl::StatusOr<std::vector<RuleObject>> objects =
        rule->IsLive() ? plan_.Objects(*rule) : std::vector<RuleObject>();
    if (!objects.ok()) {
      continue;
    }
    for (const RuleObject& object : *objects) {
      RETURN_IF_ERROR(Look(*rule, object, drift).status());
    }
  }
  return drift;
}

absl::Status RuleObjectPass::ReadCached() {
  RETURN_IF_ERROR(objects_.Follow(kinds_));
  for (const RuleObjectKind& kind : kinds_) {
    for (RuleObjects::Object& object : objects_.Cached(kind)) {
      const Key key = CacheKey(kind.resource, kube::NameOf(*object));
      cached_.emplace(key, std::move(object));
    }
  }
  return absl::OkStatus();
}

RuleObjectPass::Kept RuleObjectPass::Keep(const Rule& rule) const {
  Kept kept;
  const absl::StatusOr<std::vector<RuleObjectName>> names = plan_.Names(rule);
  if (!names.ok()) {
    kept.untouched = true;
    kept.progress = RuleProgress{.status = names.status()};
    return kept;
  }
  // Whatever comes of it: nothing of the rule is left over.
  for (const RuleObjectName& object : *names) {
    kept.wanted.push_back(CacheKey(object.resource, object.name));
  }
  const absl::StatusOr<std::vector<RuleObject>> objects = plan_.Objects(rule);
  kept.progress =
      objects.ok() ? Write(rule, *objects, kept.drift) : RuleProgress{.status = objects.status()};
  return kept;
}

absl::StatusOr<RuleProgress> RuleObjectPass::Write(const Rule& rule,
                                                   const std::vector<RuleObject>& objects,
                                                   std::vector<ObjectDrift>& drift) const {
  RuleProgress progress{.evidence = std::string(plan_.evidence())};
  std::vector<Json> stored;
  for (const RuleObject& object : objects) {
    ASSIGN_OR_RETURN(const RuleObjects::Object seen, Look(rule, object, drift));
    absl::StatusOr<Json> left = writer_.Ensure(rule, object, seen);
    if (!left.ok()) {
      if (PassesBy(left.status())) {
        return left.status();
      }
      progress.status = Refused(object, left.status());
      return progress;
    }
    progress.written.emplace(KeyOf(object), Fingerprint(object.content));
    stored.push_back(*std::move(left));
  }
  progress.status = plan_.Judge(rule, stored);
  return progress;
}

// An object as it is before this pass writes it; null if there is none. If it was as it should be
// and is not any more, others changed it.
absl::StatusOr<RuleObjects::Object> RuleObjectPass::Look(const Rule& rule, const RuleObject& object,
                                                         std::vector<ObjectDrift>& drift) const {
  const RuleObjects::Object cached = Cached(object);
  const auto written = rule.status.written.find(KeyOf(object));
  if ((cached != nullptr && HasContent(*cached, object)) || written == rule.status.written.end() ||
      written->second != Fingerprint(object.content)) {
    return cached;
  }
  // The watch of the rules may be ahead of that of the objects.
  ASSIGN_OR_RETURN(std::optional<Json> stored, objects_.Get(object.resource, object.name));
  if (!stored || !HasContent(*stored, object)) {
    const auto spec = [](const Json& of) { return kube::At(of, {"spec"}).dump(); };
    drift.push_back({.object = KeyOf(object),
                     .drift = {.key = {rule.name.protocol(), rule.name.port()},
                               .rule = rule.name.ToString(),
                               .wanted = spec(object.content),
                               .found = stored ? std::optional(spec(*stored)) : std::nullopt}});
  }
  return stored ? std::make_shared<const Json>(*std::move(stored)) : nullptr;
}

RuleObjects::Object RuleObjectPass::Cached(const RuleObject& object) const {
  const auto found = cached_.find(CacheKey(object.resource, object.name));
  return found == cached_.end() ? nullptr : found->second;
}

// What rules have left behind: an object for a former target, one that a replica wrote late.
absl::Status RuleObjectPass::Sweep() {
  for (const RuleObjectKind& kind : kinds_) {
    for (const auto& [key, object] : cached_) {
      const auto name = key.first == kind.resource.plural && !wanted_.contains(key)
                            ? RuleOf(*object, ns_)
                            : std::nullopt;
      if (!name || name->pool().value() != request_.pool) {
        continue;
      }
      const auto rule = seen_.find(*name);
      const bool is_being_removed = rule != seen_.end() && rule->second->removing;
      if (!is_being_removed && !untouched_.contains(*name)) {
        RETURN_IF_ERROR(
            writer_.Sweep(kind.resource, *object, rule == seen_.end() ? nullptr : rule->second));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace berth::ingress
