#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/claim_name.h"

namespace berth::ingress {

/// Annotation of an object that a rule has to itself: "<Berth's namespace>/<rule>".
inline constexpr std::string_view kRuleAnnotation = "berth.dev/rule";

/// Where objects of one kind are that rules have to themselves.
struct RuleObjectKind {
  kube::Resource resource;
  /// Empty for all namespaces.
  std::string ns;

  friend bool operator==(const RuleObjectKind&, const RuleObjectKind&) = default;
};

/// Names an object that a rule has to itself.
struct RuleObjectName {
  kube::Resource resource;
  kube::ObjectName name;
};

/// An object that a rule has to itself, as it is to be.
struct RuleObject {
  kube::Resource resource;
  kube::ObjectName name;
  /// What the rule asks for, such as {"spec": {...}}, as a merge patch: what is null is not to be
  /// there, and of what is not named the API server and others may fill in what they like; lists
  /// are as long as they are here.
  kube::Json content;
  /// Maps of the content that have no more members than they have here.
  std::vector<kube::Json::json_pointer> exact;
};

enum class DeleteIf {
  /// It was not deleted and made anew.
  kSameObject,
  /// Nothing of it was changed.
  kUnchanged,
};

/// The objects that rules have to themselves: those with pool::kClaimUidLabel. Thread safe.
class RuleObjects {
 public:
  using Object = std::shared_ptr<const kube::Json>;

  virtual ~RuleObjects() = default;
  /// Watches exactly these kinds from now on. UNAVAILABLE, NOT_READY while some of them have not
  /// been read.
  virtual absl::Status Follow(const std::vector<RuleObjectKind>& kinds) = 0;
  /// What the watch shows of a kind that is followed.
  virtual std::vector<Object> Cached(const RuleObjectKind& kind) const = 0;
  /// Those of some claims, by a list confirmed by a quorum.
  virtual absl::StatusOr<std::vector<kube::Json>> List(
      const RuleObjectKind& kind, const std::vector<std::string>& claim_uids) = 0;
  /// A read confirmed by a quorum, of an object with the label or without; none if there is none.
  virtual absl::StatusOr<std::optional<kube::Json>> Get(const kube::Resource& resource,
                                                        const kube::ObjectName& name) = 0;
  /// Creates an object without resourceVersion, replaces one with it; answers it as stored, or none
  /// if it exists, or was changed since. Nothing is sent once `time` has passed.
  virtual absl::StatusOr<std::optional<kube::Json>> Put(const kube::Resource& resource,
                                                        const kube::Json& object,
                                                        std::chrono::milliseconds time) = 0;
  /// Asks for the deletion of an object that was read. OK if it is gone; ABORTED,
  /// KUBERNETES_CONFLICT if it is not what the condition asks for.
  virtual absl::Status Delete(const kube::Resource& resource, const kube::Json& object,
                              DeleteIf condition) = 0;
};

/// "TCPRoute/berth/edge.tcp.20001", or "v1/Service/shop/berth-edge-tcp-20001-1f0c93ab52", which
/// nobody takes for a shared Service: the key of RuleStatus::written.
std::string KeyOf(const RuleObject& object);

/// Tells contents apart; the same in every replica. What RuleStatus::written records.
std::string Fingerprint(const kube::Json& content);

/// The rule that an object says it belongs to, if that is one of the Berth in namespace `ns`.
std::optional<pool::ClaimName> RuleOf(const kube::Json& object, const std::string& ns);

/// Whether everything that `asked` names is in `stored`, nothing that it calls null is, and lists
/// have no more than they are asked for.
bool Covers(const kube::Json& stored, const kube::Json& asked);

/// Whether an object says what it is asked to.
bool HasContent(const kube::Json& stored, const RuleObject& asked);

/// Makes an object say so; what it says beyond that stays.
void SetContent(kube::Json& object, const RuleObject& asked);

}  // namespace berth::ingress
