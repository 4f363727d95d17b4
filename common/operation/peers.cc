#include "common/operation/peers.h"

#include <cstddef>
#include <vector>

namespace berth::operation {
namespace {

// More than replicas at one time; addresses of replicas that are gone are dropped beyond it.
constexpr std::size_t kMaxIdleChannels = 32;

}  // namespace

std::shared_ptr<grpc::Channel> Peers::ChannelTo(const std::string& address) {
  // Channels are made and dropped outside of the lock.
  std::vector<std::shared_ptr<grpc::Channel>> idle;
  {
    MutexLock lock(mutex_);
    const auto known = channels_.find(address);
    if (known != channels_.end()) return known->second;
    if (channels_.size() >= kMaxIdleChannels) {
      for (auto channel = channels_.begin(); channel != channels_.end();) {
        if (channel->second.use_count() > 1) {
          ++channel;
          continue;
        }
        idle.push_back(std::move(channel->second));
        channel = channels_.erase(channel);
      }
    }
  }
  std::shared_ptr<grpc::Channel> made = make_channel_(address);
  MutexLock lock(mutex_);
  return channels_.emplace(address, std::move(made)).first->second;
}

Peers::OpenStream::OpenStream(Peers& peers) : peers_(peers) {
  MutexLock lock(peers_.mutex_);
  ++peers_.streams_;
}

Peers::OpenStream::~OpenStream() {
  MutexLock lock(peers_.mutex_);
  --peers_.streams_;
  peers_.ended_.NotifyAll();
}

void Peers::WaitForStreams() {
  MutexLock lock(mutex_);
  while (streams_ > 0) ended_.Wait(mutex_);
}

}  // namespace berth::operation
