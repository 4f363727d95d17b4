#include "common/kube/stream_head.h"

#include <utility>

#include "common/http/status.h"
#include "common/kube/error_response.h"

namespace berth::kube {
namespace {

constexpr std::chrono::seconds kErrorBodyWait{5};

}  // namespace

absl::Status AwaitAcceptance(HttpStream& stream, std::chrono::milliseconds wait,
                             std::string_view what) {
  auto head = stream.Head(wait);
  if (!head.ok()) return ErrorFromFailure(head.status(), what);
  if (head->status == http::kOk) return absl::OkStatus();
  HttpResponse response{.head = *std::move(head), .body = {}};
  while (true) {
    auto bytes = stream.Read(kErrorBodyWait);
    if (!bytes.ok() || !*bytes) break;
    response.body += **bytes;
  }
  return ErrorFromResponse(response, what);
}

}  // namespace berth::kube
