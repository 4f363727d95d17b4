#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/claim_name.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/rule_object_writer.h"
#include "ingress-service/domain/rule_objects.h"

namespace berth::ingress {

/// What a driver makes of a live rule: objects that the rule has to itself.
class RuleObjectPlan {
 public:
  virtual ~RuleObjectPlan() = default;
  /// The objects of the rule, whether or not they can be written now. An error is the answer to the
  /// rule, and nothing of it is touched.
  virtual absl::StatusOr<std::vector<RuleObjectName>> Names(const Rule& rule) const = 0;
  /// The same as they are to be, in the order in which they are written. An error is the answer to
  /// the rule, and they stay as they are.
  virtual absl::StatusOr<std::vector<RuleObject>> Objects(const Rule& rule) const = 0;
  /// Whether the load balancer serves the rule, by the status of these objects as they are stored,
  /// in the same order.
  virtual absl::Status Judge(const Rule& rule, const std::vector<kube::Json>& stored) const = 0;
  /// What an OK of Judge rests on.
  virtual std::string_view evidence() const = 0;
};

/// A pass over the objects of one pool's rules, for a driver whose rules share none. Used once, by
/// one thread, which lets others help; borrows everything. The plan is asked by all of them.
class RuleObjectPass {
 public:
  /// `ns` is Berth's namespace; `kinds` are those that rules may have objects of.
  RuleObjectPass(RuleObjects& objects, RuleObjectWriter& writer, const std::string& ns,
                 const ProgramRequest& request, std::vector<RuleObjectKind> kinds,
                 const RuleObjectPlan& plan);

  /// Driver::Program: writes what live rules ask for, and removes what no rule asks for. One error
  /// of the API server that time may cure ends the pass; what a rule has to answer for is its
  /// progress.
  absl::StatusOr<ProgramResult> Program();
  /// Driver::FindDrift.
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift();

 private:
  using Key = std::pair<std::string_view, kube::ObjectName>;

  // What came of a live rule.
  struct Kept {
    /// An error of the API server that time may cure ends the pass.
    absl::StatusOr<RuleProgress> progress = RuleProgress{};
    std::vector<Key> wanted;
    /// It cannot be said now what the rule wants.
    bool untouched = false;
    std::vector<ObjectDrift> drift;
  };

  static Key CacheKey(const kube::Resource& resource, const kube::ObjectName& name) {
    return {resource.plural, name};
  }

  absl::Status ReadCached();
  Kept Keep(const Rule& rule) const;
  absl::StatusOr<RuleProgress> Write(const Rule& rule, const std::vector<RuleObject>& objects,
                                     std::vector<ObjectDrift>& drift) const;
  absl::StatusOr<RuleObjects::Object> Look(const Rule& rule, const RuleObject& object,
                                           std::vector<ObjectDrift>& drift) const;
  RuleObjects::Object Cached(const RuleObject& object) const;
  absl::Status Sweep();

  RuleObjects& objects_;
  RuleObjectWriter& writer_;
  const std::string& ns_;
  const ProgramRequest& request_;
  const std::vector<RuleObjectKind> kinds_;
  const RuleObjectPlan& plan_;
  /// The pool's rules.
  std::map<pool::ClaimName, const Rule*> seen_;
  /// By resource and name.
  std::map<Key, RuleObjects::Object> cached_;
  std::set<Key> wanted_;
  /// Rules of which it cannot be said now what they want.
  std::set<pool::ClaimName> untouched_;
};

}  // namespace berth::ingress
