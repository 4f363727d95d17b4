#include <utility>

#include "common/kube/client.h"
#include "common/kube/error_response.h"
#include "common/kube/stream_head.h"
#include "common/status/macros.h"

namespace berth::kube {

LogStream::LogStream(std::unique_ptr<HttpStream> stream, std::string what)
    : stream_(std::move(stream)), what_(std::move(what)) {}

absl::StatusOr<std::optional<std::string>> LogStream::Next(std::chrono::milliseconds idle) {
  if (!begun_) RETURN_IF_ERROR(AwaitAcceptance(*stream_, idle, what_));
  begun_ = true;
  auto bytes = stream_->Read(idle);
  if (!bytes.ok()) return ErrorFromFailure(bytes.status(), what_);
  return bytes;
}

}  // namespace berth::kube
