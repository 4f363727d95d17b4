#include "tests/helm-service/web/web_server.h"

namespace berth::helm {
namespace {

std::unique_ptr<httplib::Server> MakeServer(const Certificate* certificate,
                                            const Certificate* client_authority) {
  if (certificate == nullptr) return std::make_unique<httplib::Server>();
  X509_STORE* clients = nullptr;  // the server's from here on
  if (client_authority != nullptr) {
    clients = X509_STORE_new();
    X509_STORE_add_cert(clients, client_authority->x509());
  }
  return std::make_unique<httplib::SSLServer>(certificate->x509(), certificate->key(), clients);
}

}  // namespace

WebServer::WebServer(Options options)
    : certificate_(options.authority == nullptr
                       ? nullptr
                       : std::make_unique<Certificate>(options.authority->Issue("server"))),
      server_(MakeServer(certificate_.get(), options.client_authority)),
      port_(server_->bind_to_any_port("127.0.0.1")) {}

WebServer::~WebServer() { server_->stop(); }

void WebServer::Start() {
  thread_ = std::jthread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();
}

}  // namespace berth::helm
