#include "common/operation/owned_record.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

constexpr int kAttempts = 8;

// Short: the steps of an operation share few threads, and each write is tried again later.
constexpr std::chrono::seconds kWriteTimeout(5);

}  // namespace

OwnedRecord::OwnedRecord(kube::Client& client, Record record)
    : client_(client), record_(std::move(record)), lease_(record_.holder().lease) {}

absl::Status OwnedRecord::WriteSpec(const std::function<void(Record&)>& change) {
  return Write(Part::kSpec, change);
}

absl::Status OwnedRecord::WriteStatus(const std::function<void(Record&)>& change) {
  return Write(Part::kStatus, change);
}

absl::Status OwnedRecord::Write(Part part, const std::function<void(Record&)>& change) {
  const kube::WriteOptions options{.call = {.timeout = kWriteTimeout}};
  absl::Status failure;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (lost_) return Lose("it was lost before");
    Record wish = record_;
    change(wish);
    absl::StatusOr<kube::Json> written =
        part == Part::kSpec ? client_.Update(kube::kOperations, wish.json(), options)
                            : client_.UpdateStatus(kube::kOperations, wish.json(), options);
    if (written.ok()) {
      record_ = Record(*std::move(written));
      return absl::OkStatus();
    }
    failure = written.status();
    if (!kube::IsConflict(failure) && !kube::IsNotFound(failure)) return failure;
    RETURN_IF_ERROR(ReadAgain());
  }
  return failure;
}

absl::Status OwnedRecord::ReadAgain() {
  absl::StatusOr<kube::Json> read = client_.Get(kube::kOperations, kube::NameOf(record_.json()),
                                                {.call = {.timeout = kWriteTimeout}});
  if (kube::IsNotFound(read.status())) return Lose("its record was deleted");
  RETURN_IF_ERROR(read.status());
  Record found(*std::move(read));
  if (kube::Uid(found.json()) != kube::Uid(record_.json())) return Lose("its record was replaced");
  if (found.holder().lease != lease_) return Lose("another replica has taken it over");
  // A write of this replica whose answer was lost: nobody else ends what it holds.
  record_ = std::move(found);
  return absl::OkStatus();
}

absl::Status OwnedRecord::Lose(std::string_view why) {
  lost_ = true;
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED,
               fmt::format("operation {} is not this replica's any more: {}", record_.name(), why));
}

}  // namespace berth::operation
