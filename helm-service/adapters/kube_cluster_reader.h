#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "helm-service/domain/cluster_reader.h"

namespace berth::helm {

/// Reads objects of any kind, Warning events and logs. Of Secrets and ConfigMaps only the metadata:
/// what they hold says nothing about how they stand. Thread safe.
class KubeClusterReader final : public ClusterReader {
 public:
  /// `client` outlives the reader and what it hands out.
  explicit KubeClusterReader(kube::Client& client) : client_(client), mapper_(client) {}

  absl::StatusOr<LiveObject> Read(const ObjectRef& ref) override;
  absl::StatusOr<std::vector<kube::Json>> PodsOfJob(const std::string& ns,
                                                    const std::string& job) override;
  std::unique_ptr<WarningSource> FollowWarnings(const std::string& ns) override;
  std::unique_ptr<LogSource> FollowLog(const std::string& ns, const std::string& pod,
                                       const std::string& container) override;

 private:
  kube::Client& client_;
  kube::RestMapper mapper_;
};

}  // namespace berth::helm
