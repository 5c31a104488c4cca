//! Five times the load that the machine can serve: latency of creates, refusals, goodput, memory,
//! and time to recover. The server is a separate process. Client and server share the machine's
//! cores; the CPU times at the end of each line show how much each used. Usage: `cargo bench
//! --bench overload [-- SECONDS [FACTOR]]` (60 and 5).

mod load;

use std::time::Duration;

use load::{Kind, Process, closed, good, open, print, quantile};

fn main() {
    let mut numbers = std::env::args().filter_map(|a| a.parse::<u64>().ok());
    let span = Duration::from_secs(numbers.next().unwrap_or(60));
    let factor = numbers.next().unwrap_or(5) as f64;
    let server = Process::start(200_000, "[limits]\nmode = \"off\"\n");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(&server, span, factor));
}

async fn run(server: &Process, span: Duration, factor: f64) {
    let short = Duration::from_secs(8).min(span);
    closed(server.address, 8, Duration::from_secs(2)).await;
    let mut peak = 0.0_f64;
    for clients in [4, 8, 16] {
        let answers = closed(server.address, clients, short).await;
        let rate = good(&answers) as f64 / short.as_secs_f64();
        println!("{clients} clients: {rate:.0} good answers/s");
        if rate > peak {
            peak = rate;
            print("  at the peak so far", &answers);
        }
    }
    let before = server.rss();
    let (mut top, cpu) = (before, server.cpu());
    let answers = {
        let flood = open(server.address, factor * peak, span, 1);
        tokio::pin!(flood);
        loop {
            tokio::select! {
                answers = &mut flood => break answers,
                () = tokio::time::sleep(Duration::from_millis(250)) => top = top.max(server.rss()),
            }
        }
    };
    print(&format!("{factor} times the peak, {:.0}/s for {} s", factor * peak, span.as_secs()), &answers);
    let after_cpu = server.cpu();
    let seconds = span.as_secs_f64();
    println!(
        "goodput {:.0}/s, {:.0}% of the peak of {peak:.0}/s; processors: server {:.2}, client {:.2}",
        good(&answers) as f64 / seconds,
        good(&answers) as f64 / seconds / peak * 100.0,
        (after_cpu[0] - cpu[0]) / seconds,
        (after_cpu[1] - cpu[1]) / seconds,
    );
    // Normal: one second at half the peak load without a refusal.
    let mut recovery = None;
    for second in 1..=15 {
        let calm = open(server.address, peak / 2.0, Duration::from_secs(1), 100 + second).await;
        let all = calm.values().map(Vec::len).sum::<usize>();
        if good(&calm) == all {
            let creates = calm.get(&Kind::Create).map_or(f64::NAN, |t| quantile(t, 0.99));
            recovery = Some(second);
            println!("normal in second {second} after the flood, p99 of creates {creates:.1} ms");
            break;
        }
    }
    if recovery.is_none() {
        println!("not normal 15 s after the flood");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("memory in MiB: {before:.0} before, {top:.0} at the top, {:.0} after", server.rss());
}
