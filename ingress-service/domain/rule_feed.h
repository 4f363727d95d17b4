#pragma once

#include <memory>
#include <vector>

#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// Hears of rules. Called on one thread, which it must not block.
class RuleWatcher {
 public:
  virtual ~RuleWatcher() = default;
  /// First, and once: all rules, by name.
  virtual void OnSnapshot(const std::vector<std::shared_ptr<const Rule>>& rules) = 0;
  /// Then each change: `before` is null for a new rule, `after` for one that is gone.
  virtual void OnChange(const std::shared_ptr<const Rule>& before,
                        const std::shared_ptr<const Rule>& after) = 0;
};

/// Ends the calls to a watcher when destroyed.
class RuleWatch {
 public:
  virtual ~RuleWatch() = default;
};

/// The stored rules as they change. Thread safe.
class RuleFeed {
 public:
  virtual ~RuleFeed() = default;
  virtual std::unique_ptr<RuleWatch> Watch(std::shared_ptr<RuleWatcher> watcher) = 0;
};

}  // namespace berth::ingress
