#include "ingress-service/transport/rule_watch.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/grpc/stream_writer.h"
#include "ingress-service/transport/rule_mapping.h"

namespace berth::ingress {
namespace {

using RulePtr = std::shared_ptr<const Rule>;
using Stream = rpc::StreamWriter<v1::WatchRulesResponse>;

constexpr int kSnapshotPart = 500;
// A snapshot waits as a whole: some tens of thousands of rules.
constexpr std::size_t kMaxQueuedBytes = std::size_t{16} << 20;

v1::WatchRulesResponse KeepAlive() {
  v1::WatchRulesResponse response;
  response.mutable_keep_alive();
  return response;
}

// Writes to one stream what its filter lets through.
class StreamWatcher final : public RuleWatcher {
 public:
  StreamWatcher(std::shared_ptr<Stream> stream, std::string pool)
      : stream_(std::move(stream)), pool_(std::move(pool)) {}

  void OnSnapshot(const std::vector<RulePtr>& rules) override {
    v1::WatchRulesResponse response;
    for (const RulePtr& rule : rules) {
      if (!Fits(rule)) continue;
      if (response.snapshot().rules_size() == kSnapshotPart) {
        stream_->Push(std::exchange(response, {}));
      }
      *response.mutable_snapshot()->add_rules() = ToProto(*rule);
    }
    response.mutable_snapshot()->set_complete(true);
    stream_->Push(std::move(response));
  }

  void OnChange(const RulePtr& before, const RulePtr& after) override {
    // A rule never changes its pool.
    if (!Fits(after != nullptr ? after : before)) return;
    v1::WatchRulesResponse response;
    if (after != nullptr) {
      *response.mutable_changed() = ToProto(*after);
    } else {
      response.mutable_removed()->set_name(before->name.ToString());
      response.mutable_removed()->set_uid(before->uid);
    }
    stream_->Push(std::move(response));
  }

 private:
  bool Fits(const RulePtr& rule) const {
    return pool_.empty() || rule->name.pool().value() == pool_;
  }

  const std::shared_ptr<Stream> stream_;  // shared with gRPC
  const std::string pool_;
};

}  // namespace

grpc::ServerWriteReactor<v1::WatchRulesResponse>* WatchRules(RuleFeed& feed,
                                                             rpc::StreamRegistry& streams,
                                                             grpc::CallbackServerContext& context,
                                                             const v1::WatchRulesRequest& request) {
  auto stream = Stream::Open(streams, context,
                             {.max_queued_bytes = kMaxQueuedBytes, .keep_alive = KeepAlive});
  // It lives as long as the call.
  std::shared_ptr<RuleWatch> watch =
      feed.Watch(std::make_shared<StreamWatcher>(stream, request.pool()));
  stream->OnDone([watch = std::move(watch)] {});
  return stream->reactor();
}

}  // namespace berth::ingress
