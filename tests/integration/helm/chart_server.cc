#include "tests/integration/helm/chart_server.h"

#include <fmt/format.h>

#include <utility>

#include "tests/integration/helm/chart.h"

namespace berth::helm {

ChartServer::ChartServer(WebServer::Options options) : server_(options) {
  server_.routes().Get("/index.yaml",
                       [this](const httplib::Request& request, httplib::Response& response) {
                         ServeIndex(request, response);
                       });
  server_.routes().Get(R"(/web-(.+)\.tgz)",
                       [this](const httplib::Request& request, httplib::Response& response) {
                         ServeChart(request, response);
                       });
  server_.Start();
}

void ChartServer::SetIndex(std::string index) {
  const std::lock_guard lock(mutex_);
  index_ = std::move(index);
  ++index_number_;
}

void ChartServer::Demand(std::string authorization) {
  const std::lock_guard lock(mutex_);
  authorization_ = std::move(authorization);
}

int ChartServer::answered(int status) const {
  const std::lock_guard lock(mutex_);
  const auto found = answered_.find(status);
  return found == answered_.end() ? 0 : found->second;
}

void ChartServer::ServeIndex(const httplib::Request& request, httplib::Response& response) {
  const std::lock_guard lock(mutex_);
  const std::string etag = "\"" + std::to_string(index_number_) + "\"";
  if (Admits(request, response)) {
    response.status = request.get_header_value("If-None-Match") == etag ? 304 : 200;
    response.set_header("ETag", etag);
    if (response.status == 200) response.set_content(index_, "application/yaml");
  }
  ++answered_[response.status];
}

void ChartServer::ServeChart(const httplib::Request& request, httplib::Response& response) {
  const std::lock_guard lock(mutex_);
  if (!Admits(request, response)) return;
  response.set_content(WebChart(request.matches[1].str()), "application/gzip");
}

bool ChartServer::Admits(const httplib::Request& request, httplib::Response& response) const {
  if (authorization_.empty() || request.get_header_value("Authorization") == authorization_) {
    return true;
  }
  response.status = 401;
  return false;
}

std::string IndexOf(const std::vector<std::string>& versions) {
  std::string index = "apiVersion: v1\nentries:\n  web:\n";
  for (const std::string& version : versions) {
    index += fmt::format(
        "  - {{apiVersion: v2, name: web, version: {0}, description: A web server,"
        " keywords: [http], urls: [web-{0}.tgz]}}\n",
        version);
  }
  return index;
}

}  // namespace berth::helm
