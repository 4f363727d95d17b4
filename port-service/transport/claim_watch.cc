#include "port-service/transport/claim_watch.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "common/grpc/stream_writer.h"
#include "port-service/transport/convert.h"
#include "port-service/transport/pool_addresses.h"

namespace berth::port {
namespace {

using ClaimPtr = std::shared_ptr<const Claim>;
using Stream = rpc::StreamWriter<v1::WatchClaimsResponse>;

constexpr int kSnapshotPart = 500;
/// A snapshot waits as a whole: this much is 40,000 claims or so.
constexpr std::size_t kMaxQueuedBytes = std::size_t{16} << 20;

v1::WatchClaimsResponse KeepAlive() {
  v1::WatchClaimsResponse response;
  response.mutable_keep_alive();
  return response;
}

/// Writes to one stream what its filter lets through.
class StreamWatcher final : public ClaimWatcher {
 public:
  StreamWatcher(std::shared_ptr<Stream> stream, Pools& pools, ClaimFilter filter)
      : stream_(std::move(stream)), pools_(pools), filter_(std::move(filter)) {}

  void OnSnapshot(const std::vector<ClaimPtr>& claims) override {
    PoolAddresses addresses(pools_);
    v1::WatchClaimsResponse response;
    for (const ClaimPtr& claim : claims) {
      if (!Matches(filter_, *claim)) {
        continue;
      }
      if (response.snapshot().claims_size() == kSnapshotPart) {
        stream_->Push(std::exchange(response, {}));
      }
      *response.mutable_snapshot()->add_claims() =
          ToProto(*claim, addresses.Of(claim->name.pool()));
    }
    response.mutable_snapshot()->set_complete(true);
    stream_->Push(std::move(response));
  }

  void OnChange(const ClaimPtr& before, const ClaimPtr& after) override {
    const bool fitted = before != nullptr && Matches(filter_, *before);
    const bool fits = after != nullptr && Matches(filter_, *after);
    if (!fitted && !fits) {
      return;
    }
    v1::WatchClaimsResponse response;
    if (fits) {
      *response.mutable_changed() = ToProto(*after, PoolAddresses(pools_).Of(after->name.pool()));
    } else {
      response.mutable_removed()->set_name(before->name.ToString());
      response.mutable_removed()->set_uid(before->uid);
    }
    stream_->Push(std::move(response));
  }

 private:
  const std::shared_ptr<Stream> stream_;  // shared with gRPC
  Pools& pools_;
  const ClaimFilter filter_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchClaimsResponse>* WatchClaims(
    ClaimFeed& feed, Pools& pools, rpc::StreamRegistry& streams,
    grpc::CallbackServerContext& context, const v1::WatchClaimsRequest& request) {
  auto stream = Stream::Open(streams, context,
                             {.max_queued_bytes = kMaxQueuedBytes, .keep_alive = KeepAlive});
  absl::StatusOr<ClaimFilter> filter = ParseClaimFilter(request);
  if (!filter.ok()) {
    stream->Finish(filter.status());
    return stream->reactor();
  }
  // It lives as long as the call.
  std::shared_ptr<ClaimWatch> watch =
      feed.Watch(std::make_shared<StreamWatcher>(stream, pools, *std::move(filter)));
  stream->OnDone([watch = std::move(watch)] {});
  return stream->reactor();
}

}  // namespace berth::port
