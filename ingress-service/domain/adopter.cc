#include "ingress-service/domain/adopter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

// Each try lost means that the loop wrote the rule's status at that moment.
constexpr int kMaxTries = 5;

absl::Status EntryNotFound(const pool::ClaimName& name) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_ENTRY_NOT_FOUND,
               fmt::format("pool '{}' has no entry of others for {} {} that could become a rule",
                           name.pool().value(), pool::ToString(name.protocol()),
                           name.port().number()))
      .WithMetadata("port", name.port().ToString());
}

absl::Status ChangedMeanwhile(const pool::ClaimName& name) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT,
               fmt::format("rule '{}' was changed while its entry was being adopted; repeat the "
                           "call",
                           name.ToString()))
      .WithRetryAfter(std::chrono::seconds(1));
}

}  // namespace

absl::StatusOr<std::vector<Adoption>> Adopter::Adopt(const Request& request) {
  ASSIGN_OR_RETURN(const std::vector<ForeignEntry> entries, inspector_.FindForeign(request.pool));
  std::vector<PortKey> keys = request.keys;
  if (keys.empty()) {
    std::transform(entries.begin(), entries.end(), std::back_inserter(keys),
                   [](const ForeignEntry& entry) { return entry.key; });
  }
  std::vector<Adoption> adoptions;
  for (const PortKey& key : keys) {
    Adoption adoption{.name = pool::ClaimName(request.pool, key.protocol, key.port)};
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const ForeignEntry& found) { return found.key == key; });
    if (entry == entries.end()) {
      absl::StatusOr<Rule> rule = FindAdopted(adoption.name);
      adoption.status = rule.status();
      if (rule.ok()) {
        adoption.rule = *std::move(rule);
      }
    } else {
      adoption.entry = *entry;
      if (!request.validate_only) {
        absl::StatusOr<Rule> rule = AdoptOne(adoption.name, *entry, request.owner);
        adoption.status = rule.status();
        if (rule.ok()) {
          adoption.rule = *std::move(rule);
        }
      }
    }
    adoptions.push_back(std::move(adoption));
  }
  return adoptions;
}

absl::StatusOr<Rule> Adopter::FindAdopted(const pool::ClaimName& name) {
  ASSIGN_OR_RETURN(std::optional<Rule> rule, rules_.Read(name));
  if (!rule || rule->removing) {
    return EntryNotFound(name);
  }
  return *std::move(rule);
}

absl::StatusOr<Rule> Adopter::AdoptOne(const pool::ClaimName& name, const ForeignEntry& entry,
                                       const std::string& owner) {
  ASSIGN_OR_RETURN(const std::string claim_uid, claims_.TakeHeld(name, owner));
  const std::vector<absl::StatusOr<Rule>> applied = service_.Apply(
      {{.name = name, .claim_uid = claim_uid, .target = entry.target, .options = entry.options}});
  RETURN_IF_ERROR(applied.front().status());
  return Record(name, claim_uid, entry);
}

absl::StatusOr<Rule> Adopter::Record(const pool::ClaimName& name, const std::string& claim_uid,
                                     const ForeignEntry& entry) {
  for (int i = 0; i < kMaxTries; ++i) {
    ASSIGN_OR_RETURN(std::optional<Rule> rule, rules_.Read(name));
    if (!rule || rule->removing || rule->spec.claim_uid != claim_uid) {
      return ChangedMeanwhile(name);
    }
    RuleStatus status = rule->status;
    status.written = entry.written;
    const absl::Status recorded = rules_.WriteStatus(*rule, status).status();
    if (recorded.ok()) {
      rule->status = std::move(status);
      return *std::move(rule);
    }
    if (ReasonOf(recorded) != Reason::ERROR_REASON_KUBERNETES_CONFLICT) {
      return recorded;
    }
  }
  return ChangedMeanwhile(name);
}

}  // namespace berth::ingress
