#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/clock.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "ingress-service/domain/rule.h"
#include "ingress-service/domain/rule_objects.h"
#include "ingress-service/domain/rule_store.h"

namespace berth::ingress {

/// Writes the objects that rules have to themselves so that no stale replica can bring one back or
/// take one away: an object is read, then the rule by a consistent read, and the write is made on
/// the condition of what was read of the object, and only if the rule is still the one the caller
/// has seen. So whoever knows a newer rule has written before the object was read, or makes the
/// write fail.
///
/// Objects in Berth's namespace are owned by their PortRule, so that the garbage collector takes
/// one that was created too late. Objects elsewhere are found by Sweep; no write of one is sent
/// later than 30 s after the read of its rule, so that port-service knows when the last one has
/// come.
///
/// Thread safe; borrows all it is given.
class RuleObjectWriter {
 public:
  /// `ns` is Berth's namespace.
  RuleObjectWriter(RuleObjects& objects, RuleStore& rules, std::string ns,
                   const kube::Clock& clock = kube::RealClock())
      : objects_(objects), rules_(rules), ns_(std::move(ns)), clock_(clock) {}

  /// Makes the object as a live rule wants it; answers it as stored. `cached` is what the watch
  /// shows of it; null for nothing.
  ///
  /// ALREADY_EXISTS, PORT_TAKEN if one of that name is not Berth's. UNAVAILABLE, NOT_PROGRAMMED if
  /// the rule or the object changes at this moment. Else errors of the API server.
  absl::StatusOr<kube::Json> Ensure(const Rule& rule, const RuleObject& wanted,
                                    const RuleObjects::Object& cached);

  /// Removes what rules that are being removed have of these kinds. Answers the uids of those of
  /// which a list that was made after that shows nothing.
  absl::StatusOr<std::set<std::string>> Remove(const std::vector<const Rule*>& rules,
                                               const std::vector<RuleObjectKind>& kinds);

  /// Removes an object that none of the rules the caller has seen wants, if no newer rule does:
  /// `rule` is the one of its name among them, null for none.
  absl::Status Sweep(const kube::Resource& resource, const kube::Json& object, const Rule* rule);

 private:
  bool IsAsWanted(const kube::Json& stored, const Rule& rule, const RuleObject& wanted) const;
  kube::Json Wanted(const Rule& rule, const RuleObject& wanted, const kube::Json* stored) const;
  absl::StatusOr<bool> IsStill(const Rule& rule);
  absl::Status RemoveSome(std::span<const Rule* const> rules,
                          const std::vector<RuleObjectKind>& kinds, std::set<std::string>& gone);

  RuleObjects& objects_;
  RuleStore& rules_;
  const std::string ns_;
  const kube::Clock& clock_;
};

}  // namespace berth::ingress
