#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// Every rule of Berth's namespace at one revision, by name.
struct RuleSnapshot {
  std::uint64_t revision = 0;
  std::vector<std::shared_ptr<const Rule>> rules;
};

/// Where the rules come from that shared objects are computed from. Thread safe.
class RuleSource {
 public:
  virtual ~RuleSource() = default;
  /// What the watch has applied; revision 0 before the first list.
  virtual RuleSnapshot Cached() const = 0;
  /// Whether the watch shows a rule of this name.
  virtual bool Shows(const pool::ClaimName& name) const = 0;
  /// A list confirmed by a quorum, made after the call began.
  virtual absl::StatusOr<RuleSnapshot> Consistent() = 0;
};

}  // namespace berth::ingress
