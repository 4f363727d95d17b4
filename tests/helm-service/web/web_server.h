#pragma once

#include <httplib.h>

#include <memory>
#include <string>
#include <thread>

#include "tests/helm-service/web/certificates.h"

namespace berth::helm {

/// A web server on a free port of 127.0.0.1, with TLS and a certificate of `authority`, or without.
class WebServer {
 public:
  struct Options {
    /// Null for plain HTTP.
    const Certificate* authority = nullptr;
    /// Clients must show a certificate of this one.
    const Certificate* client_authority = nullptr;
  };

  explicit WebServer(Options options);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// To add what is served, before Start.
  httplib::Server& routes() { return *server_; }
  void Start();

  int port() const { return port_; }
  /// "127.0.0.1:PORT".
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// `path` begins with a slash.
  std::string Url(const std::string& path) const {
    return (certificate_ == nullptr ? "http://" : "https://") + address() + path;
  }

 private:
  std::unique_ptr<Certificate> certificate_;
  std::unique_ptr<httplib::Server> server_;
  int port_;
  std::jthread thread_;
};

}  // namespace berth::helm
