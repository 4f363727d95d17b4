#include "ingress-service/adapters/kube_rule_source.h"

#include <fmt/format.h>

#include "common/kube/cache_watch.h"
#include "common/kube/object.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/adapters/rule_codec.h"

namespace berth::ingress {
namespace {

// Null for objects that are no rules of Berth.
std::shared_ptr<const Rule> ParseOrSkip(const kube::Json& object) {
  absl::StatusOr<Rule> rule = ParseRule(object);
  if (!rule.ok()) {
    log::Warning("ignoring port rule",
                 {{"rule", kube::Name(object)}, {"error", Describe(rule.status())}});
    return nullptr;
  }
  return std::make_shared<const Rule>(*std::move(rule));
}

std::shared_ptr<const Rule> WithConfirmation(std::shared_ptr<const Rule> rule,
                                             const ConfirmedRules& confirmed) {
  if (!rule->IsUndecided() || !confirmed.Contains(rule->uid)) {
    return rule;
  }
  auto known = std::make_shared<Rule>(*rule);
  known->confirmed = true;
  return known;
}

class CachedRuleWatch final : public RuleWatch {
 public:
  CachedRuleWatch(kube::Cache& cache, const std::shared_ptr<RuleWatcher>& watcher)
      : watch_(cache,
               {.read = ParseOrSkip,
                .on_snapshot = [watcher](const auto& rules) { watcher->OnSnapshot(rules); },
                .on_change = [watcher](const auto& before,
                                       const auto& after) { watcher->OnChange(before, after); }}) {}

 private:
  kube::CacheWatch<Rule> watch_;
};

}  // namespace

kube::Cache::Options RuleCacheOptions(const std::string& ns) {
  kube::Cache::Options options{.resource = kube::kPortRules, .ns = ns};
  options.indexes[kRulesByTarget] = [](const kube::Json& rule) -> std::vector<std::string> {
    return {fmt::format("{}/{}", kube::StringAt(rule, {"spec", "targetRef", "namespace"}),
                        kube::StringAt(rule, {"spec", "targetRef", "name"}))};
  };
  return options;
}

RuleSnapshot KubeRuleSource::Cached() const {
  // Read first: a rule that is confirmed meanwhile makes the next snapshot a new one.
  const std::uint64_t confirmed = confirmed_.version();
  MutexLock lock(mutex_);
  if (!last_resource_version_.empty() && last_confirmed_ == confirmed &&
      last_resource_version_ == cache_.resource_version()) {
    return last_;
  }
  const kube::Cache::Snapshot snapshot = cache_.TakeSnapshot();
  RuleSnapshot rules{.revision = kube::ParseResourceVersion(snapshot.resource_version).value_or(0)};
  std::map<const kube::Json*, Parsed> parsed;
  for (const kube::Cache::Object& object : snapshot.objects) {
    const auto known = parsed_.find(object.get());
    std::shared_ptr<const Rule> rule =
        known != parsed_.end() ? known->second.second : ParseOrSkip(*object);
    if (rule != nullptr) {
      rule = WithConfirmation(std::move(rule), confirmed_);
      rules.rules.push_back(rule);
    }
    parsed.emplace(object.get(), Parsed{object, std::move(rule)});
  }
  parsed_ = std::move(parsed);
  last_ = rules;
  last_resource_version_ = snapshot.resource_version;
  last_confirmed_ = confirmed;
  return rules;
}

absl::StatusOr<RuleSnapshot> KubeRuleSource::Consistent() {
  ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kPortRules, ns_));
  const std::optional<std::uint64_t> revision = kube::ParseResourceVersion(list.resource_version);
  if (!revision) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 fmt::format("the API server's revision '{}' is no number; Berth orders writes by "
                             "it",
                             list.resource_version));
  }
  RuleSnapshot rules{.revision = *revision};
  for (const kube::Json& object : list.items) {
    if (std::shared_ptr<const Rule> rule = ParseOrSkip(object)) {
      rules.rules.push_back(WithConfirmation(std::move(rule), confirmed_));
    }
  }
  return rules;
}

std::unique_ptr<RuleWatch> KubeRuleSource::Watch(std::shared_ptr<RuleWatcher> watcher) {
  return std::make_unique<CachedRuleWatch>(cache_, watcher);
}

}  // namespace berth::ingress
