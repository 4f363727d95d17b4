#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/json.h"

namespace berth::operation {

/// Operations that may be in one queue, the one at work included.
inline constexpr std::size_t kMaxQueueLength = 100;

/// A release as its queue names it.
struct ReleaseKey {
  std::string release_namespace;
  std::string release_name;
};

/// The names in a queue object, head first.
std::vector<std::string> OperationsOf(const kube::Json& queue);

/// An operation's place, from 1 for the head; 0 if it is not in the queue.
int PositionOf(const std::vector<std::string>& operations, const std::string& name);

/// The list with `name` at its end, unless it is in it already. RESOURCE_EXHAUSTED, QUEUE_FULL when
/// it does not fit.
absl::StatusOr<std::vector<std::string>> Appended(std::vector<std::string> operations,
                                                  const std::string& name);

/// The list without `name`.
std::vector<std::string> Without(std::vector<std::string> operations, const std::string& name);

/// The queues of operations per release: custom resources ReleaseQueue, changed by compare-and-swap
/// only. Every method blocks and may be called from any thread. `client` outlives it.
class ReleaseQueues {
 public:
  ReleaseQueues(kube::Client& client, std::string kube_namespace);

  /// Puts an operation, whose record must exist, at the end of its release's queue, unless it is in
  /// there already; answers its position. An error other than QUEUE_FULL leaves open whether it is
  /// in the queue.
  absl::StatusOr<int> Append(const ReleaseKey& release, const std::string& operation);

  /// Takes an operation, whose record must be terminal or absent in a consistent read, out of the
  /// queue; the last one takes the queue object with it. OK if it is not in there.
  absl::Status Remove(const ReleaseKey& release, const std::string& operation);

  /// Read consistently; empty if there is no queue.
  absl::StatusOr<std::vector<std::string>> Read(const ReleaseKey& release);

 private:
  absl::StatusOr<int> AppendOnce(const ReleaseKey& release, const std::string& operation);
  absl::Status RemoveOnce(const ReleaseKey& release, const std::string& operation);
  absl::StatusOr<std::optional<kube::Json>> Get(const ReleaseKey& release);

  kube::Client& client_;
  const std::string kube_namespace_;
};

}  // namespace berth::operation
