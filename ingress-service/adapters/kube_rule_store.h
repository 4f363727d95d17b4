#pragma once

#include <string>
#include <utility>

#include "common/kube/client.h"
#include "ingress-service/domain/rule_store.h"

namespace berth::ingress {

/// PortRule objects in Berth's namespace. Thread safe; borrows the client.
class KubeRuleStore : public RuleStore {
 public:
  KubeRuleStore(kube::Client& client, std::string ns) : client_(client), ns_(std::move(ns)) {}

  absl::StatusOr<std::optional<Rule>> Read(const pool::ClaimName& name) override;
  absl::StatusOr<Rule> Create(const pool::ClaimName& name, const RuleSpec& spec) override;
  absl::StatusOr<Rule> ReplaceSpec(const Rule& rule, const RuleSpec& spec) override;
  absl::StatusOr<std::uint64_t> WriteStatus(const Rule& rule, const RuleStatus& status) override;
  absl::Status SetFinalizer(const Rule& rule, FinalizerWish wish) override;
  absl::Status Delete(const Rule& rule) override;

 private:
  kube::ObjectName NameOf(const pool::ClaimName& name) const { return {ns_, name.ToString()}; }

  kube::Client& client_;
  const std::string ns_;
};

}  // namespace berth::ingress
