#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace prometheus {
class Exposer;
class Registry;
}  // namespace prometheus

namespace berth::metrics {

using Labels = std::map<std::string, std::string>;

/// The metrics of one process, owned by main. Metrics are named `<service>_<noun>_<unit>`, with the
/// service's name put in front here: Registry("port").Counter("claims_total", ...) is
/// "port_claims_total".
///
/// The same name, type and labels give the same metric again. A name that is used with two types,
/// or that Prometheus does not allow, is a bug and aborts. Metrics live as long as the registry.
/// All methods may be called from any thread, and so may the methods of the metrics.
class Registry {
 public:
  explicit Registry(std::string service);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  prometheus::Counter& Counter(const std::string& name, const std::string& help,
                               const Labels& labels = {});
  prometheus::Gauge& Gauge(const std::string& name, const std::string& help,
                           const Labels& labels = {});
  /// `bounds` are the upper bounds of the buckets, ascending, in the unit that the name ends with.
  prometheus::Histogram& Histogram(const std::string& name, const std::string& help,
                                   const std::vector<double>& bounds, const Labels& labels = {});

  /// What a scrape would answer now, in Prometheus' text format.
  std::string Text() const;

 private:
  friend class Exposer;

  const std::string service_;
  const std::shared_ptr<prometheus::Registry> registry_;  // shared with the exposer by its API
};

/// Bucket bounds for durations of calls, 1 ms to 60 s.
std::vector<double> DurationBounds();

/// Serves GET /metrics of one registry on its own listener and two threads, until destroyed.
class Exposer {
 public:
  /// `address` is "host:port"; port 0 takes a free one. Errors: INVALID_ARGUMENT, INVALID_FIELD if
  /// it is not an address that can be listened on. `registry` must outlive the exposer.
  static absl::StatusOr<std::unique_ptr<Exposer>> Start(const std::string& address,
                                                        Registry& registry);
  ~Exposer();

  int port() const { return port_; }

 private:
  Exposer(std::unique_ptr<prometheus::Exposer> exposer, int port);

  const std::unique_ptr<prometheus::Exposer> exposer_;
  const int port_;
};

}  // namespace berth::metrics
