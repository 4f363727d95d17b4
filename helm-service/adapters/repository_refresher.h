#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

#include "helm-service/adapters/repository_indexes.h"
#include "helm-service/domain/chart_repository.h"
#include "helm-service/domain/source_policy.h"

namespace berth::helm {

/// Keeps the indexes of all stored repositories fresh, on a thread of its own from Start until it
/// is destroyed. Every replica has one: what each does is safe beside the others.
class RepositoryRefresher {
 public:
  /// All outlive this. `interval` is how often it looks for what is due.
  RepositoryRefresher(ChartRepositoryStore& store, RepositoryIndexes& indexes,
                      const SourcePolicy& policy, std::chrono::milliseconds interval)
      : store_(store), indexes_(indexes), policy_(policy), interval_(interval) {}

  void Start();

 private:
  void Run(const std::stop_token& stop);
  void Pass(const std::stop_token& stop);

  ChartRepositoryStore& store_;
  RepositoryIndexes& indexes_;
  const SourcePolicy& policy_;
  const std::chrono::milliseconds interval_;
  std::jthread thread_;
};

}  // namespace berth::helm
