#pragma once

#include <grpcpp/channel.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// Channels to other replicas, one per address, and a count of the streams open on them. Any
/// thread; outlives the streams, and so no callback of gRPC drops a last channel.
class Peers {
 public:
  using ChannelFactory = std::function<std::shared_ptr<grpc::Channel>(const std::string& address)>;

  explicit Peers(ChannelFactory make_channel) : make_channel_(std::move(make_channel)) {}
  ~Peers() { WaitForStreams(); }

  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address);

  /// Counts a stream, channel reference included, for as long as it exists.
  class OpenStream {
   public:
    explicit OpenStream(Peers& peers);
    ~OpenStream();
    OpenStream(const OpenStream&) = delete;
    OpenStream& operator=(const OpenStream&) = delete;

   private:
    Peers& peers_;
  };

  /// Blocks until no stream exists; whoever waits has cancelled them.
  void WaitForStreams();

 private:
  const ChannelFactory make_channel_;
  Mutex mutex_;
  CondVar ended_;
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::operation
