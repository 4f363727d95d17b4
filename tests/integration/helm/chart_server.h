#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/helm-service/web/web_server.h"

namespace berth::helm {

/// A chart repository on 127.0.0.1: an index.yaml with an ETag, and archives of the chart "web".
/// Thread safe once started.
class ChartServer {
 public:
  explicit ChartServer(WebServer::Options options);

  /// Where it is, without a slash at the end.
  std::string url() const { return server_.Url(""); }

  /// From now on serves this index.
  void SetIndex(std::string index);
  /// From now on answers 401 to requests without this value of Authorization.
  void Demand(std::string authorization);

  /// How often it answered with this status to requests for the index.
  int answered(int status) const;

 private:
  void ServeIndex(const httplib::Request& request, httplib::Response& response);
  void ServeChart(const httplib::Request& request, httplib::Response& response);
  bool Admits(const httplib::Request& request, httplib::Response& response) const;

  mutable std::mutex mutex_;
  std::string index_;
  int index_number_ = 0;
  std::string authorization_;
  std::map<int, int> answered_;
  // Last: its threads end first.
  WebServer server_;
};

/// An index with these versions of the chart "web", without digests.
std::string IndexOf(const std::vector<std::string>& versions);

}  // namespace berth::helm
