#include "ingress-service/domain/rule_object_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>

#include "common/kube/object.h"
#include "common/log/log.h"
#include "common/pool/labels.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;

// Each conflict means that somebody else's write went through; the caller's queue comes back for
// the rest.
constexpr int kMaxTries = 4;

// From the read of a rule until the last moment at which a write for it is sent. port-service
// counts on it before it frees the port.
constexpr std::chrono::seconds kWriteTime{30};

// How many claims a list asks for: their uids are in its address.
constexpr std::size_t kClaimsPerList = 50;

constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";

std::string Describe(const kube::Resource& resource, const kube::ObjectName& name) {
  return fmt::format("{} {}", resource.kind, name.ToString());
}

absl::Status Passing(const std::string& what, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_PROGRAMMED,
               fmt::format("{} {}", what, why));
}

bool IsOfClaim(const Json& object, const std::string& claim_uid) {
  return kube::Label(object, pool::kClaimUidLabel) == claim_uid;
}

}  // namespace

absl::StatusOr<Json> RuleObjectWriter::Ensure(const Rule& rule, const RuleObject& wanted,
                                              const RuleObjects::Object& cached) {
  if (cached != nullptr && IsAsWanted(*cached, rule, wanted)) {
    return *cached;
  }
  const std::string what = Describe(wanted.resource, wanted.name);
  for (int i = 0; i < kMaxTries; ++i) {
    std::optional<Json> stored;
    const bool is_probably_new = i == 0 && cached == nullptr;
    if (!is_probably_new) {
      ASSIGN_OR_RETURN(stored, objects_.Get(wanted.resource, wanted.name));
    }
    if (stored && IsAsWanted(*stored, rule, wanted)) {
      return *stored;
    }
    if (stored && RuleOf(*stored, ns_) != rule.name) {
      return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_PORT_TAKEN,
                   fmt::format("{} is there and is not Berth's; remove it", what));
    }
    if (stored && kube::IsBeingDeleted(*stored)) {
      return Passing(what, "is being deleted");
    }
    const kube::Clock::TimePoint deadline = clock_.Now() + kWriteTime;
    ASSIGN_OR_RETURN(const bool is_still, IsStill(rule));
    if (!is_still) {
      return Passing(what, "was not written: the rule changed meanwhile");
    }
    if (stored && !IsOfClaim(*stored, rule.spec.claim_uid)) {
      // Left by an earlier rule for this port. A status that was read from it would be no evidence.
      const absl::Status deleted = objects_.Delete(wanted.resource, *stored, DeleteIf::kSameObject);
      if (!deleted.ok() && !absl::IsAborted(deleted)) {
        return deleted;
      }
      continue;
    }
    const Json object = Wanted(rule, wanted, stored ? &*stored : nullptr);
    const auto left = std::chrono::floor<std::chrono::milliseconds>(deadline - clock_.Now());
    if (left.count() <= 0) {
      return Passing(what, "was not written: it took too long since its rule was read");
    }
    ASSIGN_OR_RETURN(std::optional<Json> put, objects_.Put(wanted.resource, object, left));
    if (put) {
      return *std::move(put);
    }
  }
  return Passing(what, "was changed by others again and again");
}

absl::StatusOr<std::set<std::string>> RuleObjectWriter::Remove(
    const std::vector<const Rule*>& rules, const std::vector<RuleObjectKind>& kinds) {
  std::set<std::string> gone;
  for (std::size_t first = 0; first < rules.size(); first += kClaimsPerList) {
    const std::size_t count = std::min(kClaimsPerList, rules.size() - first);
    RETURN_IF_ERROR(RemoveSome(std::span(rules).subspan(first, count), kinds, gone));
  }
  return gone;
}

absl::Status RuleObjectWriter::RemoveSome(std::span<const Rule* const> rules,
                                          const std::vector<RuleObjectKind>& kinds,
                                          std::set<std::string>& gone) {
  std::vector<std::string> claim_uids;
  std::map<pool::ClaimName, const Rule*> by_name;
  for (const Rule* rule : rules) {
    claim_uids.push_back(rule->spec.claim_uid);
    by_name.emplace(rule->name, rule);
    gone.insert(rule->uid);
  }
  // The rule that an object belongs to; null for one that only looks like it.
  const auto rule_of = [&](const Json& object) -> const Rule* {
    const std::optional<pool::ClaimName> name = RuleOf(object, ns_);
    const auto found = name ? by_name.find(*name) : by_name.end();
    return found == by_name.end() ? nullptr : found->second;
  };
  for (const RuleObjectKind& kind : kinds) {
    ASSIGN_OR_RETURN(const std::vector<Json> present, objects_.List(kind, claim_uids));
    bool any = false;
    for (const Json& object : present) {
      if (rule_of(object) != nullptr) {
        any = true;
        RETURN_IF_ERROR(objects_.Delete(kind.resource, object, DeleteIf::kSameObject));
      }
    }
    if (!any) {
      continue;
    }
    // Somebody's finalizer may keep one.
    ASSIGN_OR_RETURN(const std::vector<Json> left, objects_.List(kind, claim_uids));
    for (const Json& object : left) {
      if (const Rule* rule = rule_of(object)) {
        gone.erase(rule->uid);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status RuleObjectWriter::Sweep(const kube::Resource& resource, const Json& object,
                                     const Rule* rule) {
  const std::optional<pool::ClaimName> name = RuleOf(object, ns_);
  if (!name || kube::IsBeingDeleted(object)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::optional<Rule> stored, rules_.Read(*name));
  const bool may_be_wanted = stored && !stored->removing &&
                             IsOfClaim(object, stored->spec.claim_uid) &&
                             (stored->IsLive() || stored->IsUndecided()) &&
                             (rule == nullptr || !rule->IsLive() || rule->uid != stored->uid ||
                              rule->generation != stored->generation);
  if (may_be_wanted) {
    return absl::OkStatus();  // by a rule newer than what the caller has seen
  }
  log::Info("removing object that no rule wants", {{"kind", std::string(resource.kind)},
                                                   {"object", kube::NameOf(object).ToString()},
                                                   {"rule", name->ToString()}});
  const absl::Status deleted = objects_.Delete(resource, object, DeleteIf::kUnchanged);
  return absl::IsAborted(deleted) ? absl::OkStatus() : deleted;  // the watch brings it back
}

bool RuleObjectWriter::IsAsWanted(const Json& stored, const Rule& rule,
                                  const RuleObject& wanted) const {
  if (kube::IsBeingDeleted(stored) || !HasContent(stored, wanted) ||
      !IsOfClaim(stored, rule.spec.claim_uid) || RuleOf(stored, ns_) != rule.name) {
    return false;
  }
  const Json& owners = kube::At(stored, {"metadata", "ownerReferences"});
  return wanted.name.ns != ns_ || std::any_of(owners.begin(), owners.end(), [&](const Json& owner) {
           return kube::StringAt(owner, {"uid"}) == rule.uid;
         });
}

// A new object, or the stored one put right.
Json RuleObjectWriter::Wanted(const Rule& rule, const RuleObject& wanted,
                              const Json* stored) const {
  Json object = stored != nullptr ? *stored : kube::NewObject(wanted.resource, wanted.name);
  kube::SetLabel(object, pool::kClaimUidLabel, rule.spec.claim_uid);
  kube::SetLabel(object, kManagedByLabel, "berth");
  kube::SetAnnotation(object, kRuleAnnotation, ns_ + "/" + rule.name.ToString());
  if (wanted.name.ns == ns_) {
    Json owner = kube::NewObject(kube::kPortRules, {ns_, rule.name.ToString()});
    owner["metadata"]["uid"] = rule.uid;
    object["metadata"]["ownerReferences"] =
        Json::array({kube::OwnerReference(kube::kPortRules, owner)});
  }
  SetContent(object, wanted);
  return object;
}

absl::StatusOr<bool> RuleObjectWriter::IsStill(const Rule& rule) {
  ASSIGN_OR_RETURN(const std::optional<Rule> stored, rules_.Read(rule.name));
  return stored && stored->uid == rule.uid && stored->generation == rule.generation &&
         stored->spec.claim_uid == rule.spec.claim_uid &&
         (stored->IsLive() || (stored->IsUndecided() && rule.confirmed));
}

}  // namespace berth::ingress
