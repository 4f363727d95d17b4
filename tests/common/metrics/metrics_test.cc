#include "common/metrics/metrics.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/status/status.h"

namespace berth::metrics {
namespace {

using testing::HasSubstr;

std::string Get(const std::string& url) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 &curl_easy_cleanup);
  std::string body;
  const auto append = +[](char* data, size_t size, size_t count, void* target) {
    static_cast<std::string*>(target)->append(data, size * count);
    return size * count;
  };
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  EXPECT_EQ(curl_easy_perform(curl.get()), CURLE_OK);
  return body;
}

TEST(MetricsTest, NamesBeginWithTheService) {
  Registry registry("port");
  registry.Counter("claims_total", "Claims made.", {{"pool", "main"}}).Increment(3);
  registry.Gauge("streams_open", "Open streams.").Set(2);
  registry.Histogram("call_seconds", "Duration of calls.", {0.1, 1}).Observe(0.5);
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr("# HELP port_claims_total Claims made.\n"));
  EXPECT_THAT(text, HasSubstr("port_claims_total{pool=\"main\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("port_streams_open 2\n"));
  EXPECT_THAT(text, HasSubstr("port_call_seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("port_call_seconds_bucket{le=\"1\"} 1\n"));
}

TEST(MetricsTest, TheSameNameAndLabelsGiveTheSameMetric) {
  Registry registry("port");
  prometheus::Counter& main = registry.Counter("claims_total", "Claims made.", {{"pool", "main"}});
  EXPECT_EQ(&registry.Counter("claims_total", "Claims made.", {{"pool", "main"}}), &main);
  EXPECT_NE(&registry.Counter("claims_total", "Claims made.", {{"pool", "other"}}), &main);
}

TEST(ExposerTest, ServesTheRegistryOnAFreePort) {
  Registry registry("port");
  registry.Counter("claims_total", "Claims made.").Increment();
  const auto exposer = Exposer::Start("127.0.0.1:0", registry);
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  ASSERT_GT((*exposer)->port(), 0);
  EXPECT_THAT(Get(fmt::format("http://127.0.0.1:{}/metrics", (*exposer)->port())),
              HasSubstr("port_claims_total 1\n"));
}

TEST(ExposerTest, SaysWhichAddressCannotBeListenedOn) {
  Registry registry("port");
  const auto first = Exposer::Start("127.0.0.1:0", registry);
  ASSERT_TRUE(first.ok());
  const std::string taken = fmt::format("127.0.0.1:{}", (*first)->port());
  for (const std::string& address : {taken, std::string("nonsense")}) {
    const auto second = Exposer::Start(address, registry);
    EXPECT_EQ(ReasonOf(second.status()), Reason::ERROR_REASON_INVALID_FIELD) << address;
    EXPECT_THAT(std::string(second.status().message()), HasSubstr(address));
  }
}

}  // namespace
}  // namespace berth::metrics
