#include "common/pool/told_watch.h"

#include <utility>

namespace berth::pool {

ToldWatch::ToldWatch(kube::Client& client, Options options)
    : resource_(options.cache.resource), cache_(client, std::move(options.cache)) {
  subscription_ = cache_.AddListener({
      .on_change =
          [this, matters = std::move(options.matters),
           tell = options.on_change](const auto& change) {
            ++changes_;
            if (told_ && matters(change)) {
              tell();
            }
          },
      .on_synced =
          [this, tell = options.on_change] {
            told_ = true;
            tell();
          },
      .on_rewound = std::move(options.on_rewound),
  });
  cache_.Start();
}

}  // namespace berth::pool
