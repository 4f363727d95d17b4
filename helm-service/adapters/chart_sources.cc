#include "helm-service/adapters/chart_sources.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/status/macros.h"

namespace berth::helm {
namespace {

// How soon a repository that was made with kubectl is looked at.
constexpr std::chrono::milliseconds kLongestPass = std::chrono::seconds(30);

}  // namespace

absl::StatusOr<std::unique_ptr<ChartSources>> ChartSources::Create(kube::Client& client,
                                                                   std::string ns,
                                                                   const Options& options) {
  ASSIGN_OR_RETURN(SourcePolicy policy, SourcePolicy::Create(options.policy));
  return std::unique_ptr<ChartSources>(
      new ChartSources(client, std::move(ns), std::move(policy), options));
}

ChartSources::ChartSources(kube::Client& client, std::string ns, SourcePolicy policy,
                           const Options& options)
    : policy_(std::move(policy)),
      http_({}),
      oci_(http_, {}),
      store_(client, std::move(ns)),
      indexes_(store_, http_, policy_, options.indexes),
      registries_(oci_, policy_,
                  {.timeout = options.indexes.fetch_timeout,
                   .allow_plain_http = options.policy.allow_plain_http}),
      repositories_(store_, indexes_, policy_),
      refresher_(store_, indexes_, policy_,
                 std::min(options.indexes.refresh_interval, kLongestPass)) {}

void AddChartKeys(config::Table& table, ChartSources::Options& options) {
  table.Add("charts.allowed_sources", &options.policy.allowed_sources,
            "beginnings of the URLs that charts may come from; none allows all");
  table.Add("charts.allow_archives", &options.policy.allow_archives,
            "whether callers may send charts as bytes");
  table.Add("charts.allow_plain_http", &options.policy.allow_plain_http,
            "whether charts may come by http://; credentials then travel in the clear");
  table
      .AddBytes("charts.max_index_size", &options.indexes.max_index_bytes,
                "the largest index.yaml of a repository that is read")
      .Range(1024);
  table
      .AddBytes("charts.index_memory", &options.indexes.max_memory_bytes,
                "memory for the indexes of all repositories together")
      .Range(1 << 20);
  table
      .Add("charts.refresh_interval", &options.indexes.refresh_interval,
           "how old the index of a repository may be")
      .Range(1000);
  table
      .Add("charts.fetch_timeout", &options.indexes.fetch_timeout,
           "how long the fetch of an index may take")
      .Range(1000);
}

}  // namespace berth::helm
