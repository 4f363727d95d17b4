#include "common/grpc/stream_registry.h"

#include <utility>
#include <vector>

namespace berth::rpc {

std::size_t StreamRegistry::size() const {
  MutexLock lock(mutex_);
  return streams_.size();
}

std::vector<std::shared_ptr<OpenStream>> StreamRegistry::Open() const {
  std::vector<std::shared_ptr<OpenStream>> open;
  MutexLock lock(mutex_);
  open.reserve(streams_.size());
  for (const auto& [key, stream] : streams_) {
    if (std::shared_ptr<OpenStream> alive = stream.lock(); alive != nullptr) {
      open.push_back(std::move(alive));
    }
  }
  return open;
}

void StreamRegistry::Tick(SteadyTime now) {
  for (const std::shared_ptr<OpenStream>& stream : Open()) {
    stream->Tick(now);
  }
}

void StreamRegistry::FinishAll(const absl::Status& status) {
  {
    MutexLock lock(mutex_);
    finished_ = status;
  }
  for (const std::shared_ptr<OpenStream>& stream : Open()) {
    stream->Finish(status);
  }
}

void StreamRegistry::Add(const std::shared_ptr<OpenStream>& stream) {
  absl::Status finished;
  {
    MutexLock lock(mutex_);
    streams_.emplace(stream.get(), stream);
    finished = finished_;
  }
  if (!finished.ok()) {
    stream->Finish(finished);
  }
}

void StreamRegistry::Remove(const OpenStream* stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

}  // namespace berth::rpc
