#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/operation/options.h"
#include "common/operation/record.h"
#include "common/operation/release_queue.h"

namespace berth::operation {

/// Deletes the records of one service that need not be kept any longer. Used by one thread at a
/// time; harmless when several replicas do it.
class RetentionSweep {
 public:
  struct Options {
    std::string service;
    Retention retention;
  };

  /// `operations` is the cache of all records; it, client and queues outlive this.
  RetentionSweep(kube::Client& client, ReleaseQueues& queues, const kube::Cache& operations,
                 Options options);

  /// One pass; nothing expires while the API server's time is not known. Blocks.
  absl::Status Run();

 private:
  absl::Status Remove(const Record& record);

  kube::Client& client_;
  ReleaseQueues& queues_;
  const kube::Cache& operations_;
  const Options options_;
};

}  // namespace berth::operation
