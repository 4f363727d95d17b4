#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/adapters/oci_client.h"
#include "helm-service/domain/registry_versions.h"
#include "helm-service/domain/source_policy.h"

namespace berth::helm {

/// Reads the tags of charts.
class OciRegistryVersions final : public RegistryVersions {
 public:
  struct Options {
    std::chrono::milliseconds timeout = std::chrono::seconds(60);
    bool allow_plain_http = false;
  };

  /// All outlive this.
  OciRegistryVersions(const OciClient& client, const SourcePolicy& policy, Options options)
      : client_(client), policy_(policy), options_(options) {}

  absl::StatusOr<std::vector<std::string>> List(const RegistryChart& chart) override;

 private:
  const OciClient& client_;
  const SourcePolicy& policy_;
  const Options options_;
};

}  // namespace berth::helm
