#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "port-service/domain/discovery.h"

namespace berth::port {

/// Reads Services, Gateways, Deployments and DaemonSets. Thread safe; what it is given is borrowed.
class KubeClusterScanner final : public ClusterScanner {
 public:
  /// `ns` is Berth's namespace.
  KubeClusterScanner(kube::Client& client, kube::RestMapper& mapper, std::string ns)
      : client_(client), mapper_(mapper), ns_(std::move(ns)) {}

  absl::StatusOr<std::vector<FoundLoadBalancer>> FindLoadBalancers(
      const std::string& ns, const std::string& label_selector) override;
  absl::StatusOr<std::vector<FoundWorkload>> FindWorkloads(const std::string& ns) override;

 private:
  absl::StatusOr<std::vector<FoundLoadBalancer>> FindGateways(const std::string& ns,
                                                              const std::string& label_selector);

  kube::Client& client_;
  kube::RestMapper& mapper_;
  const std::string ns_;
};

}  // namespace berth::port
