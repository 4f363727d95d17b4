#include "helm-service/transport/release_watch.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/grpc/stream_writer.h"
#include "helm-service/transport/release_mapping.h"
#include "helm-service/transport/release_query_mapping.h"

namespace berth::helm {
namespace {

using Stream = rpc::StreamWriter<v1::WatchReleasesResponse>;

constexpr int kSnapshotPart = 500;

v1::WatchReleasesResponse KeepAlive() {
  v1::WatchReleasesResponse response;
  response.mutable_keep_alive();
  return response;
}

/// Writes to one stream what its filter lets through.
class StreamWatcher final : public ReleaseWatcher {
 public:
  StreamWatcher(std::shared_ptr<Stream> stream, ReleaseFilter filter)
      : stream_(std::move(stream)), filter_(std::move(filter)) {}

  void OnSnapshot(const std::vector<Summary>& releases) override {
    v1::WatchReleasesResponse response;
    for (const Summary& release : releases) {
      if (!Matches(filter_, *release)) continue;
      if (response.snapshot().releases_size() == kSnapshotPart) {
        stream_->Push(std::exchange(response, {}));
      }
      *response.mutable_snapshot()->add_releases() = ToProto(*release);
    }
    response.mutable_snapshot()->set_complete(true);
    stream_->Push(std::move(response));
  }

  void OnChange(const Summary& before, const Summary& after) override {
    const bool fitted = before != nullptr && Matches(filter_, *before);
    const bool fits = after != nullptr && Matches(filter_, *after);
    if (!fitted && !fits) return;
    v1::WatchReleasesResponse response;
    if (fits) {
      *response.mutable_changed() = ToProto(*after);
    } else {
      response.mutable_removed()->set_namespace_(before->key.ns.value());
      response.mutable_removed()->set_name(before->key.name.value());
    }
    stream_->Push(std::move(response));
  }

 private:
  const std::shared_ptr<Stream> stream_;  // shared with gRPC
  const ReleaseFilter filter_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchReleasesResponse>* WatchReleases(
    ReleaseCatalog& catalog, rpc::StreamRegistry& streams, grpc::CallbackServerContext& context,
    const v1::WatchReleasesRequest& request) {
  auto stream = Stream::Open(streams, context, {.keep_alive = KeepAlive});
  absl::StatusOr<ReleaseFilter> filter = ToFilter(request);
  if (!filter.ok()) {
    stream->Finish(filter.status());
    return stream->reactor();
  }
  auto watcher = std::make_shared<StreamWatcher>(stream, *std::move(filter));
  catalog.Watch(watcher);
  // The catalog holds it weakly: it lives as long as the call.
  stream->OnDone([watcher] {});
  return stream->reactor();
}

}  // namespace berth::helm
