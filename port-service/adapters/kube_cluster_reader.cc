#include "port-service/adapters/kube_cluster_reader.h"

#include <fmt/format.h>

#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {

KubeClusterReader::KubeClusterReader(kube::Client& client, std::string ns)
    : client_(client), ns_(std::move(ns)) {}

absl::StatusOr<pool::Pool> KubeClusterReader::ReadPool(const pool::PoolName& name) {
  const absl::StatusOr<kube::Json> object = client_.Get(kube::kPortPools, {ns_, name.value()});
  if (kube::IsNotFound(object.status())) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND,
                 fmt::format("no pool '{}'", name.value()))
        .WithMetadata("pool", name.value());
  }
  RETURN_IF_ERROR(object.status());
  return pool::ParsePool(*object);
}

absl::StatusOr<bool> KubeClusterReader::HasRule(const pool::ClaimName& name) {
  const absl::Status status =
      client_.Get(kube::kPortRules, {ns_, name.ToString()}, {.form = kube::Form::kMetadata})
          .status();
  if (kube::IsNotFound(status)) {
    return false;
  }
  RETURN_IF_ERROR(status);
  return true;
}

ServerNow KubeServerNow(kube::Client& client) {
  // A sample of the client's is at most 30 s old.
  return [&client] { return client.ServerTime(); };
}

}  // namespace berth::port
