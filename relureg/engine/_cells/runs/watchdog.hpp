// A thread that ends the process when a limit has been reached and nothing else can: a call into a library may take
// minutes, in which Python runs neither a thread nor a signal handler.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace relureg {

enum Reason { kNone, kTime, kMemory, kInterrupt, kTerminated, kReasons };

// What is said when the process has to be ended.
struct LastWords {
    std::string out, err;
    int code = 0;
};

class Watchdog {
    using Clock = std::chrono::steady_clock;

  public:
    // `signals`: the end of a pipe from which the numbers of the signals come that the process receives. A limit that
    // has been reached is told by SIGALRM, again and again after `patience` seconds, until it is acknowledged; after
    // `most` seconds the process ends.
    Watchdog(int signals, double patience, double most) : signals_(signals), patience_(patience), most_(most) {
        // All signals go to other threads: Python's main thread is to handle them.
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] { watch(); });
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ~Watchdog() {
        {
            std::lock_guard lock(mutex_);
            over_ = true;
        }
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    void limit_time(double seconds) {
        std::lock_guard lock(mutex_);
        has_deadline_ = true;
        deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }
    // `bytes` of this process; and that much of the machine is to stay free, if most of what is used is used here.
    void limit_memory(std::int64_t bytes, std::int64_t reserve) {
        std::lock_guard lock(mutex_);
        bytes_ = bytes, reserve_ = reserve;
    }
    void set_last_words(int reason, std::string out, std::string err, int code) {
        std::lock_guard lock(mutex_);
        words_.at(static_cast<std::size_t>(reason)) = {std::move(out), std::move(err), code};
    }
    // Files that are not to stay.
    void set_temporaries(std::vector<std::string> paths) {
        std::lock_guard lock(mutex_);
        temporaries_ = std::move(paths);
    }
    int reason() {
        std::lock_guard lock(mutex_);
        return reason_;
    }
    // Since the limit was reached; 0 while none has been.
    double seconds_since() {
        std::lock_guard lock(mutex_);
        return reason_ == kNone ? 0.0 : std::chrono::duration<double>(Clock::now() - reached_).count();
    }
    // The process ends by itself: say nothing more.
    void acknowledge() {
        std::lock_guard lock(mutex_);
        acknowledged_ = true;
    }

  private:
    void watch() {
        while (true) {
            pollfd waiting{signals_, POLLIN, 0};
            poll(&waiting, 1, kMilliseconds);
            std::lock_guard lock(mutex_);
            if (over_) return;
            if (waiting.revents & POLLIN) read_signals();
            if (reason_ == kNone) look();
            if (reason_ == kNone || acknowledged_) continue;
            const double since = std::chrono::duration<double>(Clock::now() - reached_).count();
            if (since > most_ || (reason_ == kMemory && resident() > bytes_ + bytes_ / 4)) end();
            if (since > patience_ && Clock::now() - told_ > std::chrono::milliseconds(150)) tell();
        }
    }

    void read_signals() {
        char numbers[64];
        const auto count = read(signals_, numbers, sizeof numbers);
        for (std::int64_t i = 0; i < count; ++i) {
            if (numbers[i] == SIGINT) reach(kInterrupt);
            if (numbers[i] == SIGTERM) reach(kTerminated);
        }
    }

    void look() {
        if (has_deadline_ && Clock::now() > deadline_) {
            reach(kTime);
        } else if (bytes_ > 0 && resident() > bytes_) {
            reach(kMemory);
        } else if (reserve_ > 0) {
            const std::int64_t free = available();
            if (free >= 0 && free < reserve_ && resident() > free) reach(kMemory);
        }
        if (reason_ != kNone) tell();
    }

    void reach(Reason reason) {
        if (reason_ != kNone) return;
        reason_ = reason;
        reached_ = Clock::now();
    }

    void tell() {
        told_ = Clock::now();
        kill(getpid(), SIGALRM);
    }

    [[noreturn]] void end() {
        for (const auto& path : temporaries_) unlink(path.c_str());
        const LastWords& words = words_[static_cast<std::size_t>(reason_)];
        write_all(STDERR_FILENO, words.err);
        write_all(STDOUT_FILENO, words.out);
        _exit(words.code);
    }

    static void write_all(int file, const std::string& text) {
        for (std::size_t done = 0; done < text.size();) {
            const auto count = write(file, text.data() + done, text.size() - done);
            if (count <= 0) return;
            done += static_cast<std::size_t>(count);
        }
    }

    // Bytes of this process in memory; 0 where the system does not tell.
    static std::int64_t resident() {
        char text[128];
        long long size = 0, pages = 0;
        if (!slurp("/proc/self/statm", text, sizeof text) || std::sscanf(text, "%lld %lld", &size, &pages) != 2)
            return 0;
        return static_cast<std::int64_t>(pages) * sysconf(_SC_PAGESIZE);
    }

    // Bytes that the machine can still give without swapping; -1 where it does not tell.
    static std::int64_t available() {
        char text[512];
        if (!slurp("/proc/meminfo", text, sizeof text)) return -1;
        const char* line = std::strstr(text, "MemAvailable:");
        return line ? std::strtoll(line + 13, nullptr, 10) * 1024 : -1;
    }

    static bool slurp(const char* path, char* text, std::size_t size) {
        const int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) return false;
        const auto count = read(file, text, size - 1);
        close(file);
        text[count > 0 ? count : 0] = 0;
        return count > 0;
    }

    static constexpr int kMilliseconds = 50;

    const int signals_;
    const double patience_, most_;
    std::mutex mutex_;
    bool over_ = false, acknowledged_ = false, has_deadline_ = false;
    Clock::time_point deadline_, reached_, told_;
    std::int64_t bytes_ = 0, reserve_ = 0;
    Reason reason_ = kNone;
    std::array<LastWords, kReasons> words_;
    std::vector<std::string> temporaries_;
    std::thread thread_;
};

}  // namespace relureg
