#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "ingress-service/domain/entries.h"
#include "ingress-service/domain/rule_source.h"
#include "ingress-service/domain/shared_objects.h"

namespace berth::ingress {

/// One write of a shared object.
struct SharedWrite {
  SharedRef ref;
  /// Computes all of Berth's entries anew from the rules; called again whenever the object changed
  /// meanwhile, or older rules would not do.
  std::function<Merged(const kube::Json& object, const RuleSnapshot& rules)> merge;
  /// Rules of at least this revision: those that the caller has seen.
  std::uint64_t seen = 0;
  /// The highest revision of a removal that has to be carried out; 0 for none. The object ends with
  /// a fence at or above it, even if no entry had to go: a writer that still knows the rule,
  /// however late its write arrives, then meets a conflict or the fence.
  std::uint64_t removals = 0;
  /// What a missing object begins as; none if a missing one is as good as empty.
  std::optional<kube::Json> if_missing;
};

/// How the object was left.
struct SharedWritten {
  /// False if the object is missing and was not created; `merged` then says nothing.
  bool exists = false;
  Merged merged;
  /// The rules it was computed from.
  RuleSnapshot rules;
};

/// Writes objects that other programs and other replicas write at the same time, by the protocol
/// that makes a stale write impossible: GET; rules of at least the fence found in the object; all
/// entries computed anew; PUT with the resourceVersion of the GET and the fence raised; on a
/// conflict from the start. A write that would change nothing is left out.
///
/// Thread safe; borrows both.
class SharedWriter {
 public:
  SharedWriter(SharedObjects& objects, RuleSource& rules) : objects_(objects), rules_(rules) {}

  /// Errors: those of the API server; ABORTED, KUBERNETES_CONFLICT if others were faster too often.
  absl::StatusOr<SharedWritten> Write(const SharedWrite& write);
  /// How Write would leave the object as it is now. Errors: those of the API server.
  absl::StatusOr<SharedWritten> Preview(const SharedWrite& write);

 private:
  struct Computed {
    /// The object as it was read; none if it is missing.
    std::optional<kube::Json> found;
    SharedWritten written;
  };
  absl::StatusOr<Computed> Compute(const SharedWrite& write);
  absl::StatusOr<std::optional<SharedWritten>> TryOnce(const SharedWrite& write);
  absl::StatusOr<RuleSnapshot> RulesFor(const kube::Json* object, std::uint64_t seen);

  SharedObjects& objects_;
  RuleSource& rules_;
};

}  // namespace berth::ingress
