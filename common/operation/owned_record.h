#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/kube/client.h"
#include "common/operation/record.h"

namespace berth::operation {

/// The record of an operation that this replica holds. Every write is a compare-and-swap on what
/// was read last; one that meets somebody else's write is made again on top of it, as long as this
/// replica still is the holder. Used by one thread at a time; blocks. `client` outlives it.
class OwnedRecord {
 public:
  /// `record` as read or created, with this replica as its holder.
  OwnedRecord(kube::Client& client, Record record);

  const Record& record() const { return record_; }

  /// Writes spec, or status, after `change`, which may be called several times, each time on a
  /// fresh copy. Errors: ABORTED once lost(), else those of the API server; then it may or may not
  /// have been written.
  absl::Status WriteSpec(const std::function<void(Record&)>& change);
  absl::Status WriteStatus(const std::function<void(Record&)>& change);

  /// Whether another replica holds the operation now, or somebody deleted or ended its record.
  bool lost() const { return lost_; }

 private:
  enum class Part { kSpec, kStatus };

  absl::Status Write(Part part, const std::function<void(Record&)>& change);
  absl::Status ReadAgain();
  absl::Status Lose(std::string_view why);

  kube::Client& client_;
  Record record_;
  const std::string lease_;
  bool lost_ = false;
};

}  // namespace berth::operation
