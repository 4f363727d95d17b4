#pragma once

#include <string>
#include <vector>

#include "common/kube/client.h"
#include "port-service/domain/discovery.h"

namespace berth::port {

/// Reads Services, Deployments and DaemonSets. Thread safe; the client is borrowed.
class KubeClusterScanner final : public ClusterScanner {
 public:
  explicit KubeClusterScanner(kube::Client& client) : client_(client) {}

  absl::StatusOr<std::vector<FoundService>> FindLoadBalancers(
      const std::string& ns, const std::string& label_selector) override;
  absl::StatusOr<std::vector<FoundWorkload>> FindWorkloads(const std::string& ns) override;

 private:
  kube::Client& client_;
};

}  // namespace berth::port
