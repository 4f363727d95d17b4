#pragma once

#include <string>

#include "common/kube/client.h"
#include "port-service/domain/pool_store.h"

namespace berth::port {

/// Pools as PortPool objects in Berth's namespace. Thread safe.
class KubePoolStore : public PoolStore {
 public:
  /// The client is borrowed.
  KubePoolStore(kube::Client& client, std::string ns);

  absl::StatusOr<pool::Pool> Create(const PoolSpec& spec, WriteMode mode) override;
  absl::StatusOr<pool::Pool> Update(const PoolSpec& spec, const std::string& etag,
                                    WriteMode mode) override;
  absl::Status Delete(const pool::PoolName& name, const std::string& etag, WriteMode mode) override;

 private:
  absl::StatusOr<kube::Json> Get(const pool::PoolName& name);
  absl::Status CheckUnused(const kube::Json& pool);

  kube::Client& client_;
  const std::string ns_;
};

}  // namespace berth::port
